// Turns spans of "up" and "down" into hourly slots: which of two contradicting spans holds, and when an hour counts as up.
// It knows nothing of rows or files.

import { slotDown, slotUnknown, slotUp } from './history.ts';

/** Half-open [fromMs, toMs), fromMs < toMs. */
export interface UpSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isUp: boolean;
}

export interface SlotWindow {
  readonly startMs: number;
  readonly slotMs: number;
  readonly slotCount: number;
}

/** Spans in 17 bytes each instead of some ninety: a trace of hundreds of megabytes has tens of millions. */
export class PackedSpans {
  #times: Float64Array;
  #isUp: Uint8Array;
  #count = 0;

  constructor(spans: readonly UpSpan[]) {
    this.#times = new Float64Array(2 * spans.length);
    this.#isUp = new Uint8Array(spans.length);
    for (const span of spans) this.add(span);
  }

  add({ fromMs, toMs, isUp }: UpSpan): void {
    if (this.#count === this.#isUp.length) this.#grow(Math.max(4, 2 * this.#count));
    this.#times[2 * this.#count] = fromMs;
    this.#times[2 * this.#count + 1] = toMs;
    this.#isUp[this.#count] = Number(isUp);
    this.#count++;
  }

  /** In the order in which they were added. */
  list(): readonly UpSpan[] {
    return Array.from({ length: this.#count }, (_, at) => ({
      fromMs: this.#times[2 * at]!,
      toMs: this.#times[2 * at + 1]!,
      isUp: this.#isUp[at] === 1,
    }));
  }

  #grow(length: number): void {
    const [times, isUp] = [new Float64Array(2 * length), new Uint8Array(length)];
    times.set(this.#times);
    isUp.set(this.#isUp);
    [this.#times, this.#isUp] = [times, isUp];
  }
}

/**
 * Makes spans disjoint and ordered, whatever their order was. Where spans overlap, the one that starts later holds; of
 * two that start together, the one that ends later; of two equal ones, "down". O(n log n), O(n) when already in order.
 */
export function resolveSpans(spans: readonly UpSpan[]): readonly UpSpan[] {
  if (areDisjoint(spans)) return spans;
  const ordered = spans.toSorted(
    (a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs || Number(b.isUp) - Number(a.isUp),
  );
  const resolved: UpSpan[] = [];
  const open: UpSpan[] = [];
  let cursorMs = Number.NEGATIVE_INFINITY;
  const emitUntil = (limitMs: number): void => {
    for (let top = open.at(-1); top !== undefined && cursorMs < limitMs; top = open.at(-1)) {
      const toMs = Math.min(top.toMs, limitMs);
      if (toMs > cursorMs) resolved.push({ fromMs: cursorMs, toMs, isUp: top.isUp });
      cursorMs = Math.max(cursorMs, toMs);
      if (top.toMs <= cursorMs) open.pop();
    }
  };
  for (const span of ordered) {
    emitUntil(span.fromMs);
    cursorMs = span.fromMs;
    open.push(span);
  }
  emitUntil(Number.POSITIVE_INFINITY);
  return resolved;
}

function areDisjoint(spans: readonly UpSpan[]): boolean {
  let endMs = Number.NEGATIVE_INFINITY;
  for (const span of spans) {
    if (span.fromMs < endMs) return false;
    endMs = span.toMs;
  }
  return true;
}

/** The parts of `spans` that no span of `holes` covers; both disjoint and ordered. Linear, but for copying. */
export function cutHoles(spans: readonly UpSpan[], holes: readonly UpSpan[]): readonly UpSpan[] {
  if (holes.length === 0) return spans;
  const kept: UpSpan[] = [];
  let next = 0;
  for (const span of spans) {
    while (next < holes.length && holes[next]!.toMs <= span.fromMs) next++;
    let fromMs = span.fromMs;
    for (let i = next; fromMs < span.toMs; i++) {
      const hole = holes[i];
      const toMs = Math.min(span.toMs, hole?.fromMs ?? span.toMs);
      if (toMs > fromMs) kept.push({ fromMs, toMs, isUp: span.isUp });
      fromMs = hole === undefined ? span.toMs : Math.max(fromMs, hole.toMs);
    }
  }
  return kept;
}

/** `stronger`, and in its gaps what `weaker` says; both disjoint and ordered. */
export function fillGaps(stronger: readonly UpSpan[], weaker: readonly UpSpan[]): readonly UpSpan[] {
  if (weaker.length === 0) return stronger;
  return [...stronger, ...cutHoles(weaker, stronger)].toSorted((a, b) => a.fromMs - b.fromMs);
}

/**
 * Writes one machine's slots: up where it was up for at least half of the part of the slot that the spans cover, unknown
 * where they cover nothing. Spans are disjoint; parts outside the window are ignored. `row` has `slotCount` values.
 */
export function paintSlots(spans: readonly UpSpan[], window: SlotWindow, row: Uint8Array): void {
  const { startMs, slotMs, slotCount } = window;
  const upMs = new Float64Array(slotCount);
  const coveredMs = new Float64Array(slotCount);
  const endMs = startMs + slotCount * slotMs;
  for (const span of spans) {
    let atMs = Math.max(span.fromMs, startMs);
    const toMs = Math.min(span.toMs, endMs);
    for (let slot = Math.floor((atMs - startMs) / slotMs); atMs < toMs; slot++) {
      const slotEndMs = Math.min(startMs + (slot + 1) * slotMs, toMs);
      coveredMs[slot]! += slotEndMs - atMs;
      if (span.isUp) upMs[slot]! += slotEndMs - atMs;
      atMs = slotEndMs;
    }
  }
  for (let slot = 0; slot < slotCount; slot++) {
    const covered = coveredMs[slot]!;
    if (covered === 0) row[slot] = slotUnknown;
    else row[slot] = 2 * upMs[slot]! >= covered ? slotUp : slotDown;
  }
}
