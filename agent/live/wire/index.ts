export { isDialable } from './addresses.ts';
export { probe, type ProbeAnswer } from './dial.ts';
export type { HelloKeeper } from './hello.ts';
export { type JoinAsk, type JoinKeeper, type JoinWelcome, requestJoin } from './join-exchange.ts';
export type { WirePace } from './pace.ts';
export { createLiveWire, type LiveWire, type LiveWireOptions, type WireLimits } from './live-wire.ts';
