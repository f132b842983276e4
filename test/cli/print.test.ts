import test from 'ava';
import { DreyError } from '../../datasets/index.ts';
import {
  bytesText,
  countText,
  errorText,
  harmless,
  oneLine,
  paragraphText,
  placesOf,
  spanText,
  survivalText,
  tableText,
  timeText,
} from '../../cli/print.ts';

test('sizes, spans and odds are written for people', (t) => {
  t.is(bytesText(1536), '1.5 KiB');
  t.is(bytesText(3 * 1024 ** 3), '3.0 GiB');
  t.is(bytesText(900 * 1024 ** 4), '900.0 TiB');
  t.is(countText(1, 'machine'), '1 machine');
  t.is(countText(40, 'machine'), '40 machines');
  t.is(spanText(90_000), '2 min');
  t.is(spanText(42 * 3_600_000), '42 h');
  t.is(survivalText(0.0003), '99.970 %');
  t.is(survivalText(0), '100.000000000 %');
});

test('a time that no calendar has is said so', (t) => {
  t.regex(timeText(Date.UTC(2026, 2, 1, 12)), /^2026-03-01 \d\d:\d\d$/u);
  t.is(timeText(9e18), 'beyond any year');
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

test('columns stay in line behind names of any script', (t) => {
  t.is(placesOf('desk-01'), 7);
  t.is(placesOf('会計課のパソコン'), 16);
  t.is(placesOf('한국'), 4);
  t.is(placesOf('مكتب ٢'), 6);
  t.is(placesOf('Büro'), 4);
  t.is(placesOf('Bu\u0308ro'), 4);
  t.is(placesOf('🖥️ a'), 4);
  t.is(
    tableText([
      ['name', 'n'],
      ['会計', '7'],
      ['Bu\u0308ro-1', '12'],
    ]),
    'name    n\n会計    7\nBu\u0308ro-1  12',
  );
});

test('a part of a byte is none that people know', (t) => {
  t.is(bytesText(56.25), '56 B');
});

test('an error shows what happened, what to do and the code', (t) => {
  const error = new DreyError({
    code: 'port-in-use',
    message: 'port 4001 is taken',
    advice: 'Choose another with --listen.',
  });
  t.is(errorText(error), 'drey: port 4001 is taken\n  Choose another with --listen.  [port-in-use]');
});

test('names that come from elsewhere are no orders to a terminal', (t) => {
  t.is(harmless('pc\u001B[2J\u009B31m\r\nnext\tone'), 'pc?[2J?31m?\nnext\tone');
  t.is(
    tableText([
      ['name', 'b'],
      [undefined, 'x'],
    ]),
    'name  b\n-     x',
    'an older agent does not say it',
  );
  t.is(tableText([['name'], ['two\nlines\u0007']]), 'name\ntwo?lines?', 'a cell stays on its line');
});

test('a paragraph breaks between words and stays behind its mark', (t) => {
  t.is(paragraphText('!  ', 'one two three four', 11), '!  one two\n   three\n   four');
  t.is(paragraphText('!  ', 'a-word-that-is-too-long for it', 10), '!  a-word-that-is-too-long\n   for it');
  t.is(paragraphText('!  ', 'all on one line'), '!  all on one line', 'for grep, where nobody looks at it');
});

test('what others wrote stays on its line, and turns none around', (t) => {
  t.is(
    oneLine('pc-01\n2026-01-01 00:00  pc-02  revoked: pc-03\t'),
    'pc-01?2026-01-01 00:00  pc-02  revoked: pc-03?',
  );
  t.is(harmless('gpj.\u202Eexe'), 'gpj.?exe');
});
