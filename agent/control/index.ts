export * from './calls.ts';
export * from './client.ts';
export type * from './folders-calls.ts';
export { createLoopbackServer } from './loopback-server.ts';
export * from './members-calls.ts';
export * from './operations-calls.ts';
export * from './relay.ts';
export * from './server.ts';
