// What habits say of the two weeks to come, and what came, by how often a machine was down: why odds are drawn towards each other.
// npx node test/benchmarks/habit-drift.ts TRACE.avt [TRAIN_WEEKS ORIGINS MACHINES BLOCK]. Not a test: what it says is for people.

import { sliceHistory, slotDown, slotUp } from '../../datasets/index.ts';
import { habitsOf, strataOf } from '../../models/marginals.ts';
import { loadTrace } from '../../optimizer/index.ts';

const [file, train = '3', origins = '1', machines, block = '40'] = process.argv.slice(2);
if (file === undefined) throw new Error('name a trace in .avt');
const trainWeeks = Number(train);
const history = await loadTrace({
  file,
  format: 'avt',
  block: Number(block),
  seed: 1,
  stepMs: 3_600_000,
  trainWeeks,
  ...(machines === undefined ? {} : { machineCount: Number(machines) }),
});
const week = 168;
const room = Math.floor(history.slotCount / week) - trainWeeks - 2;
/** Upper ends of the classes of habit. */
const bounds = [0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.12, 0.25, 0.5, 1.01];
const classes = bounds.map((below) => ({ below, machines: 0, hours: 0, habit: 0, said: 0, came: 0 }));

for (let at = 0; at < Number(origins); at++) {
  const from = week * Math.round(Number(origins) === 1 ? 0 : (at * room) / (Number(origins) - 1));
  const split = from + week * trainWeeks;
  const past = sliceHistory(history, { fromSlot: from, toSlot: split });
  const future = sliceHistory(history, { fromSlot: split, toSlot: split + 2 * week });
  const count = history.machines.length;
  const seen = habitsOf(past);
  const [habits, coming] = [seen.habit, seen.coming].map((odds) => strataOf(count, odds));
  const meanOf = (strata: typeof habits, row: number): number =>
    strata!.reduce((sum, { weight, downProbability }) => sum + weight * downProbability[row]!, 0);
  for (let row = 0; row < count; row++) {
    if (past.up[(row + 1) * past.slotCount - 1] !== slotUp) continue;
    const states = future.up.subarray(row * future.slotCount, (row + 1) * future.slotCount);
    const known = states.filter((state) => state <= slotUp).length;
    const habit = meanOf(habits, row);
    const own = classes.find(({ below }) => habit < below)!;
    own.machines++;
    own.hours += known;
    own.habit += known * habit;
    own.said += known * meanOf(coming, row);
    own.came += states.filter((state) => state === slotDown).length;
  }
}
for (const { below, machines: count, hours, habit, said, came } of classes) {
  if (hours === 0) continue;
  const share = (sum: number): string => (sum / hours).toExponential(2);
  const line = { below, machines: count, habit: share(habit), drifted: share(said), came: share(came) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
