// Changes one place of the product's source text as it is loaded, in this process only: for agents that lie, and bugs that a swarm must
// find. Nothing in the product knows of it.

import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

export interface SourceChange {
  /** Of agent/. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** For modules that are loaded from now on; loading the file throws where the place does not stand in it once. */
export function plantInSource({ file, find, replace }: SourceChange): void {
  const url = new URL(`../../agent/${file}`, import.meta.url).href;
  registerHooks({
    load(loaded, context, next) {
      const module = next(loaded, context);
      if (loaded !== url) return module;
      const text = Buffer.from(module.source as Uint8Array).toString('utf8');
      assert.equal(text.split(find).length, 2, `the place stands once in ${file}`);
      return { ...module, source: text.replace(find, () => replace) };
    },
  });
}
