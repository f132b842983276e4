// Writes golden files that do not exist yet. It never changes one: a changed format gets a new version folder.
// Run: npx node test/agent/codec/write-golden.ts

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { goldenExamples, goldenFolder } from './golden-examples.ts';

for (const { path, encode } of goldenExamples) {
  const file = join(goldenFolder, path);
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) writeFileSync(file, encode(), { flag: 'wx' });
}
