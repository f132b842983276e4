// Checks of decoded values by hand, for what threads read while a person waits: to load the library of checks, and to build its schemas, takes
// half as long as all the rest of a thread's start. As strict as the schemas of the other formats: no key more, none less.

import type { ItemCheck } from './envelope.ts';

/** The value, of its type; undefined where it is anything else. */
export type PlainCheck<Value> = (item: unknown) => Value | undefined;

export const wholeNumber =
  (least: number, most: number): PlainCheck<number> =>
  (item) =>
    Number.isSafeInteger(item) && Number(item) >= least && Number(item) <= most ? Number(item) : undefined;

export const anyCount = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** The last moment of all formats: up to the year 2255. */
export const timeMsMax = 9e12;

export const byteString =
  (bytesMax: number): PlainCheck<Uint8Array> =>
  (item) =>
    item instanceof Uint8Array && item.length <= bytesMax ? item : undefined;

/** Lower-case hexadecimal digits, given their type. */
export function hexText<Id>(digits: number, typed: (text: string) => Id): PlainCheck<Id> {
  const form = new RegExp(`^[0-9a-f]{${digits}}$`, 'u');
  return (item) => (typeof item === 'string' && form.test(item) ? typed(item) : undefined);
}

export const listOf =
  <Value>(check: PlainCheck<Value>, countMax: number): PlainCheck<readonly Value[]> =>
  (item) => {
    if (!Array.isArray(item) || item.length > countMax) return undefined;
    const values: Value[] = [];
    for (const one of item) {
      const value = check(one);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  };

type Shape = Readonly<Record<string, PlainCheck<unknown>>>;
type Checked<Checks extends Shape> = {
  readonly [Key in keyof Checks]: NonNullable<ReturnType<Checks[Key]>>;
};

/** An object with these keys; those in `optional` may be absent, and no others may be there. */
export const objectOf =
  <Required extends Shape, Optional extends Shape>(
    required: Required,
    optional: Optional,
  ): PlainCheck<Checked<Required> & Partial<Checked<Optional>>> =>
  (item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
    const found: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(item)) {
      const checks = Object.hasOwn(required, key) ? required : optional;
      const checked = Object.hasOwn(checks, key) ? checks[key]!(value) : undefined;
      if (checked === undefined) return undefined;
      found[key] = checked;
    }
    const isWhole = Object.keys(required).every((key) => Object.hasOwn(found, key));
    return isWhole ? (found as Checked<Required> & Partial<Checked<Optional>>) : undefined;
  };

/** The same for an envelope. */
export const itemCheck = <Value>(check: PlainCheck<Value>): ItemCheck<Value> => ({
  safeParse: (item) => {
    const data = check(item);
    return data === undefined
      ? { success: false, error: { issues: [{ code: 'wrong_value', path: [] }] } }
      : { success: true, data };
  },
});
