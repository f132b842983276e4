// In which slot of a group each machine stands: whoever stays keeps its own. Another slot is another shard to bring, for the same set of
// machines; and until the slot that it leaves is filled, one machine would hold two shards of a pack, of which one was meant for another.

/** The set in an order that leaves whoever was there before in its slot; −1, in either, stands for nobody. */
export function alignedTo(before: readonly number[], set: readonly number[]): readonly number[] {
  const old = before.slice(0, set.length);
  const stays = (member: number, slot: number): boolean =>
    member >= 0 && set.includes(member) && old.indexOf(member) === slot;
  const staying = new Set(old.filter(stays));
  const news = set.filter((member) => !staying.has(member));
  return set.map((_, slot) => (stays(old[slot] ?? -1, slot) ? old[slot]! : news.shift()!));
}
