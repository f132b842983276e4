import test from 'ava';
import fc from 'fast-check';
import { DreyError } from '../../datasets/index.ts';
import { parseByteCount, parseSpanMs } from '../../cli/quantities.ts';

test('spans are read with their units', (t) => {
  t.is(parseSpanMs('90s'), 90_000);
  t.is(parseSpanMs('42h'), 42 * 3_600_000);
  t.is(parseSpanMs(' 1.5d '), 36 * 3_600_000);
  t.is(parseSpanMs('2W'), 14 * 86_400_000);
});

test('sizes are read in powers of 1024', (t) => {
  t.is(parseByteCount('500MB'), 500 * 1024 ** 2);
  t.is(parseByteCount('1TB'), 1024 ** 4);
  t.is(parseByteCount('0.5kb'), 512);
});

for (const text of ['', '7', 'd', '7 parsecs', '-3h', '1e9s', '7d7h']) {
  test(`"${text}" is refused with an example of what is meant`, (t) => {
    const error = t.throws(() => parseSpanMs(text), { instanceOf: DreyError });
    t.is(error.code, 'quantity-malformed');
    t.regex(error.advice, /42h/u);
  });
}

test('any text is either a finite quantity or a clear refusal', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        t.true(Number.isFinite(parseByteCount(text)));
      } catch (error) {
        t.true(error instanceof DreyError);
      }
    }),
  );
});
