// CBOR (RFC 8949) as agent/codec/FORMATS.md narrows it: maps with text keys, no tags, definite lengths. Plain and slow.

export type Item = number | boolean | string | Uint8Array | readonly Item[] | ItemMap;
export interface ItemMap {
  readonly [key: string]: Item;
}

/** The one item that `bytes` are. */
export function readItem(bytes: Uint8Array): Item {
  const [item, end] = itemAt(bytes, 0);
  if (end !== bytes.length) throw new Error(`${bytes.length - end} bytes after the item`);
  return item;
}

function itemAt(bytes: Uint8Array, at: number): readonly [Item, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [major, minor] = [view.getUint8(at) >> 5, view.getUint8(at) & 31];
  if (major === 7) return simpleAt(view, at, minor);
  const [count, start] = countAt(view, at + 1, minor);
  switch (major) {
    case 0:
      return [count, start];
    case 1:
      return [-1 - count, start];
    case 2:
      return [bytes.slice(start, start + count), start + count];
    case 3:
      return [new TextDecoder().decode(bytes.subarray(start, start + count)), start + count];
    case 4:
      return listAt(bytes, start, count);
    case 5:
      return mapAt(bytes, start, count);
    default:
      throw new Error(`major type ${major} at ${at}`);
  }
}

function simpleAt(view: DataView, at: number, minor: number): readonly [Item, number] {
  if (minor === 20 || minor === 21) return [minor === 21, at + 1];
  if (minor === 25) return [halfAt(view, at + 1), at + 3];
  if (minor === 26) return [view.getFloat32(at + 1), at + 5];
  if (minor === 27) return [view.getFloat64(at + 1), at + 9];
  throw new Error(`simple value ${minor} at ${at}`);
}

function halfAt(view: DataView, at: number): number {
  const bits = view.getUint16(at);
  const [sign, exponent, fraction] = [bits >> 15 === 1 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function countAt(view: DataView, at: number, minor: number): readonly [number, number] {
  if (minor < 24) return [minor, at];
  if (minor === 24) return [view.getUint8(at), at + 1];
  if (minor === 25) return [view.getUint16(at), at + 2];
  if (minor === 26) return [view.getUint32(at), at + 4];
  if (minor === 27) return [Number(view.getBigUint64(at)), at + 8];
  throw new Error(`length ${minor} at ${at}`);
}

function listAt(bytes: Uint8Array, start: number, count: number): readonly [Item, number] {
  const items: Item[] = [];
  let at = start;
  for (let left = count; left > 0; left--) {
    const [item, end] = itemAt(bytes, at);
    items.push(item);
    at = end;
  }
  return [items, at];
}

function mapAt(bytes: Uint8Array, start: number, count: number): readonly [Item, number] {
  const map: Record<string, Item> = {};
  let at = start;
  for (let left = count; left > 0; left--) {
    const [key, valueAt] = itemAt(bytes, at);
    const [value, end] = itemAt(bytes, valueAt);
    if (typeof key !== 'string') throw new Error(`a key at ${at} is no text`);
    map[key] = value;
    at = end;
  }
  return [map, at];
}
