// What a command line or a random draw asks for is what runs, and a failed run can be run again from its printed line.

import test from 'ava';
import { DreyError, hours } from '../../datasets/index.ts';
import {
  drawOptions,
  faultKinds,
  faultNames,
  faultsOf,
  noFaults,
  optionsText,
  parseFaultNames,
  parseOptionsText,
  replayCommand,
  shrink,
  simulate,
  type Report,
  type SimulationOptions,
} from '../../agent/simulation/index.ts';

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return error instanceof DreyError ? error.code : String(error);
  }
  return undefined;
};

test('all, none, some and all but some faults can be asked for by name', (t) => {
  t.deepEqual(parseFaultNames('all'), faultNames);
  t.deepEqual(parseFaultNames('none'), []);
  t.deepEqual(parseFaultNames('rot, crashes'), ['rot', 'crashes']);
  t.false(parseFaultNames('all,-liars').includes('liars'));
  t.is(
    codeOf(() => parseFaultNames('weather')),
    'simulation-options',
  );
});

test('every fault by name changes something, and none of the others', (t) => {
  t.deepEqual(faultsOf([]), noFaults);
  for (const name of faultNames) {
    const kind: { readonly faults?: object; readonly network?: object } = faultKinds[name];
    const faults = faultsOf([name]);
    const rest = { ...faults, ...noFaults, network: faults.network };
    t.notDeepEqual(faults, noFaults, name);
    t.deepEqual({ ...rest, ...kind.faults }, { ...faults, network: rest.network }, name);
  }
});

test('a printed line is read back as the very same options', (t) => {
  for (const seed of ['a', 'b', 'c', 'd']) {
    const options = drawOptions(seed, faultNames);
    t.deepEqual(parseOptionsText(optionsText(options)), options);
    t.true(replayCommand(options).includes(optionsText(options)));
  }
});

test('a line that was not printed by a run is refused', (t) => {
  const lines = [
    '{',
    '[]',
    '{"seed":1}',
    '{"seed":1,"agentCount":4,"days":1,"weather":1}',
    '{"seed":1,"agentCount":-4,"days":1}',
    '{"seed":1,"agentCount":4,"days":1,"faults":{"rain":1}}',
    '{"seed":1,"agentCount":4,"days":1,"faults":{"nights":1}}',
    '{"seed":1,"agentCount":4,"days":1,"checks":["all"]}',
  ];
  for (const line of lines)
    t.is(
      codeOf(() => parseOptionsText(line)),
      'simulation-options',
      line,
    );
});

test('the same seed draws the same run, and liars never are more than a third', (t) => {
  t.deepEqual(drawOptions('same', faultNames), drawOptions('same', faultNames));
  t.notDeepEqual(drawOptions('same', faultNames).faults, drawOptions('other', faultNames).faults);
  for (let seed = 0; seed < 100; seed++) {
    const { faults } = drawOptions(`${seed}`, faultNames);
    t.true((faults?.liarShare ?? 0) <= 1 / 3);
  }
});

test('a run that is read back from its line has the same fingerprint', (t) => {
  const options: SimulationOptions = {
    seed: 'again',
    agentCount: 5,
    days: 1,
    faults: faultsOf(faultNames),
    holderSilenceMs: hours(8),
  };
  const [first, again] = [simulate(options), simulate(parseOptionsText(optionsText(options)))];
  t.is(again.traceHash, first.traceHash);
  t.true(first.eventCount > 1000);
});

/** Breaks the promise while there are five machines, fire and two days. */
const brittle = (options: SimulationOptions): Report => {
  const isBroken = options.agentCount >= 5 && options.days >= 2 && (options.faults?.destroyedCount ?? 0) > 0;
  const violations = isBroken ? [{ check: 'restorable', text: 'gone' } as const] : [];
  return { seed: options.seed, violations } as unknown as Report;
};

test('a failure is made as small as it can be, and no smaller', (t) => {
  const options = { ...drawOptions('large', faultNames), agentCount: 24, days: 7, keepLast: 2 };
  const failed = { ...options, faults: faultsOf(faultNames) };
  const small = shrink({ options: failed, report: brittle(failed) }, { run: brittle, isOver: () => false });
  t.is(small.options.agentCount, 5);
  t.is(small.options.days, 2);
  t.is(small.options.faults?.destroyedCount, faultKinds.fire.faults.destroyedCount);
  t.is(small.options.faults?.crashesPerMachineDay, 0);
  t.is(small.options.keepLast, undefined);
  t.is(small.report.violations.length, 1);
});

test('making a failure smaller ends when its time is over, with the failure as it was', (t) => {
  const failed = { ...drawOptions('large', faultNames), agentCount: 24, days: 7 };
  const broken = { ...failed, faults: faultsOf(['fire']) };
  const same = shrink({ options: broken, report: brittle(broken) }, { run: brittle, isOver: () => true });
  t.deepEqual(same.options, broken);
  t.is(same.runs, 0);
});
