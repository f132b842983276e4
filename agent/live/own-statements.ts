// What an admin says on this machine: signed, and opened as all others will open it before it is written anywhere. It does not decide what is said.

import { DreyError } from '../../datasets/index.ts';
import {
  type AdminKey,
  type CodecRejection,
  openStatement,
  type SignedStatement,
  signStatement,
  type Statement,
} from '../codec/index.ts';

/** Throws `statement-refused` where nobody would believe it. */
export function signBelieved(key: AdminKey, statement: Statement): SignedStatement {
  const signed = signStatement(key, statement);
  const opened = openStatement(signed.bytes, key.fleet);
  if (opened.ok) return signed;
  const { rejection } = opened;
  throw new DreyError({
    code: 'statement-refused',
    message: `nobody would believe this, and nothing was changed: ${rejection.reason}`,
    advice: adviceFor(rejection),
  });
}

const adviceFor = ({ code }: CodecRejection): string =>
  code === 'expired'
    ? "See that this machine's clock is right. If it is, the key has ended, or what it should follow is dated later: `drey fleet admin --kit` makes a new key."
    : 'Say less: of limits take some vetoes and pins back, with --lift and --unpin.';
