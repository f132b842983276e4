import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { encodeRows, generateFleet, loadSample, sampleOptions, sampleRows } from '../../datasets/index.ts';

const sampleFile = new URL('../../datasets/samples/fleet-24x4w.ndjson.gz', import.meta.url);

test('the sample that comes with the project is what the generator makes today', async (t) => {
  const { rows } = await loadSample();
  t.true(
    encodeRows(rows) === encodeRows(sampleRows()),
    'after a change of the generator, write the sample again',
  );
});

test('the sample has the history and the hidden domains of its options', async (t) => {
  const { history } = await loadSample();
  const fleet = generateFleet(sampleOptions);
  t.true(isDeepStrictEqual(history, fleet.history));
  t.is(fleet.truth.domains.length, 8);
});

test('the sample stays small', (t) => {
  t.true(statSync(sampleFile).size < 200_000);
});
