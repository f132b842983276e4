export { isDialable } from './addresses.ts';
export { probe, type ProbeAnswer } from './dial.ts';
export type { HelloKeeper } from './hello.ts';
export { type JoinAsk, type JoinKeeper, type JoinWelcome, requestJoin } from './join-exchange.ts';
export type { WirePace } from './pace.ts';
export { createLiveWire, type LiveWire, type LiveWireOptions } from './live-wire.ts';
export type { WireLimits } from './wire-limits.ts';
