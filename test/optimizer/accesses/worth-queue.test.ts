// Who leaves first: against a list that is sorted anew at each question; and that a long log of many files comes to its end.

import test from 'ava';
import fc from 'fast-check';
import { type AccessTrace, type FileId, fileId, machineId, unixMs } from '../../../datasets/index.ts';
import { replayCache } from '../../../optimizer/index.ts';
import { WorthQueue } from '../../../optimizer/replay/accesses/worth-queue.ts';

const idOf = (file: number): FileId => fileId(String(file).padStart(32, '0'));

interface Kept {
  readonly file: FileId;
  readonly bytes: number;
  readonly worth: number;
}

/** The same by sorting everything. */
function leastOf(kept: readonly Kept[], need: number): readonly FileId[] | undefined {
  const files: FileId[] = [];
  let free = 0;
  for (const { file, bytes } of kept.toSorted((a, b) => a.worth - b.worth)) {
    if (free >= need) break;
    files.push(file);
    free += bytes;
  }
  return free >= need ? files : undefined;
}

const anyStep = fc.record({
  file: fc.integer({ min: 0, max: 9 }),
  bytes: fc.integer({ min: 1, max: 3 }),
  worth: fc.integer({ min: 0, max: 4 }),
  action: fc.constantFrom('put', 'put', 'put', 'remove', 'take'),
  need: fc.integer({ min: -1, max: 12 }),
});

test('the least worth leave first, of equals those that came in first, as a sorted list says', (t) => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const queue = new WorthQueue();
      let kept: readonly Kept[] = [];
      for (const { file: number, bytes, worth, action, need } of steps) {
        const file = idOf(number);
        const others = kept.filter((one) => one.file !== file);
        const spared = new Map([[file, 0]]);
        t.deepEqual(queue.leastWorth(need, spared)?.files, leastOf(others, need));
        const leaving = queue.leastWorth(need);
        t.deepEqual(leaving?.files, leastOf(kept, need));
        if (action === 'put') {
          queue.put(file, { bytes, worth });
          kept = [...others, { file, bytes, worth }];
        } else if (action === 'remove') {
          queue.remove(file);
          kept = others;
        } else {
          for (const gone of leaving?.files ?? []) queue.remove(gone);
          kept = kept.filter((one) => !(leaving?.files ?? []).includes(one.file));
        }
      }
    }),
  );
});

test('a log of many reads and files is no matter of hours', (t) => {
  const [fileCount, readCount] = [40_000, 400_000];
  const trace: AccessTrace = {
    startMs: unixMs(0),
    hourCount: 1,
    demand: 'reads',
    sites: ['a'],
    siteOf: new Map([[machineId('m'), 0]]),
    rows: Array.from({ length: readCount }, (_, at) => ({
      kind: 'access',
      machine: machineId('m'),
      hourMs: unixMs(0),
      file: idOf((at * 7919) % fileCount),
      reads: 1,
      writes: 0,
      byteCount: 1,
    })),
  };
  const rules = {
    capacityBytes: fileCount / 2,
    stepHours: 1,
    horizonHours: 1,
    costs: { wan: 1, lan: 0, push: 1 },
    fromHour: 0,
    toHour: 1,
  };
  t.is(replayCache({ trace, rules }, 'LFU').reads, readCount);
  // All files one after the other, again and again: all but one place keep theirs from one round to the next.
  t.true(replayCache({ trace, rules }, 'Belady').hits > 0.45 * (readCount - fileCount));
});
