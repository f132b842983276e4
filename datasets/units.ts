// Unit types for time and machines. Casts to them live only here (and, for the agent's own ids, in agent/units.ts).

declare const unit: unique symbol;
type Unit<Base, Name extends string> = Base & { readonly [unit]: Name };

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMs = Unit<number, 'UnixMs'>;
/** A machine: the agent's libp2p peer id in a fleet, the row's label in a public trace. 1 to 128 characters. */
export type MachineId = Unit<string, 'MachineId'>;
/** A file of a drive as telemetry names it: 32 hex digits of HMAC-SHA-256 under a drive key. Never a path. */
export type FileId = Unit<string, 'FileId'>;

export const unixMs = (value: number): UnixMs => value as UnixMs;
export const machineId = (value: string): MachineId => value as MachineId;
export const fileId = (value: string): FileId => value as FileId;

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const weekMs = 7 * dayMs;

export const seconds = (count: number): number => count * secondMs;
export const minutes = (count: number): number => count * minuteMs;
export const hours = (count: number): number => count * hourMs;
export const days = (count: number): number => count * dayMs;

/** Bytes in a KiB, MiB, GiB. */
export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;
export const gibibyte = 1024 * mebibyte;
