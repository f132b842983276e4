// What goes into a shell, and what comes out of it beside the core's orders. Types only.

import type { CoreEvent } from '../core/index.ts';
import type { PackId, PeerId } from '../units.ts';

/** What a restore that was asked of a shell hears of each pack. */
export interface PackListener {
  packReady(pack: PackId, from: readonly PeerId[]): void;
  packLost(pack: PackId, foundCount: number): void;
}

/** Hears of a part of a pack that was asked for: from whom it came, or that the pack must be fetched whole. */
export type RangeListener = (bytes: Uint8Array | undefined, from: readonly PeerId[]) => void;

/** The shell says when it is. */
export type TimelessEvent<Event = CoreEvent> = Event extends { readonly now: unknown }
  ? Omit<Event, 'now'>
  : never;
