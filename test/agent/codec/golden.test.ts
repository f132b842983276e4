import { readdirSync } from 'node:fs';
import test from 'ava';
import { goldenBytes, goldenExamples, goldenFolder } from './golden-examples.ts';

for (const example of goldenExamples) {
  test(`${example.path} is still read as it was written`, (t) => {
    t.deepEqual(example.decode(goldenBytes(example.path)), example.value);
  });
}

for (const example of goldenExamples.filter(({ isRepeatable }) => isRepeatable)) {
  test(`${example.path} is still written the same way`, (t) => {
    t.deepEqual(new Uint8Array(example.encode()), goldenBytes(example.path));
  });
}

test('every golden file has its example', (t) => {
  const files = readdirSync(goldenFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:bin|txt)$/u.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(goldenFolder.length + 1));
  t.deepEqual(files.toSorted(), goldenExamples.map(({ path }) => path).toSorted());
});
