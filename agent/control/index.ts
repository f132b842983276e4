export * from './calls.ts';
export * from './client.ts';
export * from './server.ts';
