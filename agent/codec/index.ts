export type * from './message.ts';
export type * from './record.ts';
export type * from './shard.ts';
export type * from './statement.ts';
