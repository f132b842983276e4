// One value for all who say the same: an agent keeps hundreds of thousands of packs of a few owners, of which others say the same.

/** Beyond this all begins anew, and the same may be kept twice. */
const sharedValuesMax = 4096;

export class SharedValues<Value> {
  readonly #values = new Map<string, Value>();

  of(name: string, make: (name: string) => Value): Value {
    const found = this.#values.get(name);
    if (found !== undefined) return found;
    if (this.#values.size >= sharedValuesMax) this.#values.clear();
    const made = make(name);
    this.#values.set(name, made);
    return made;
  }
}
