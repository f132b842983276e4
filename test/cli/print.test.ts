import test from 'ava';
import { DreyError } from '../../datasets/index.ts';
import { bytesText, errorText, spanText, survivalText, tableText } from '../../cli/print.ts';

test('sizes, spans and odds are written for people', (t) => {
  t.is(bytesText(1536), '1.5 KiB');
  t.is(bytesText(3 * 1024 ** 3), '3.0 GiB');
  t.is(spanText(90_000), '2 min');
  t.is(spanText(42 * 3_600_000), '42 h');
  t.is(survivalText(0.0003), '99.970 %');
  t.is(survivalText(0), '100.000000000 %');
});

test('a table aligns its columns under the head', (t) => {
  t.is(
    tableText([
      ['name', 'n'],
      ['pc-01', '7'],
      ['a', '12'],
    ]),
    'name   n\npc-01  7\na      12',
  );
});

test('an error shows what happened, what to do and the code', (t) => {
  const error = new DreyError({
    code: 'port-in-use',
    message: 'port 4001 is taken',
    advice: 'Choose another with --listen.',
  });
  t.is(errorText(error), 'drey: port 4001 is taken\n  Choose another with --listen.  [port-in-use]');
});
