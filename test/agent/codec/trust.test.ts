import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import test from 'ava';
import { encode } from 'cborg';
import fc from 'fast-check';
import {
  agree,
  bytesOfHex,
  concatBytes,
  createBatchOpener,
  createDriveKey,
  createAdminKey,
  createFleetRoot,
  createInvite,
  createMachineKey,
  createPassphrase,
  createRecoveryPhrase,
  type Decoded,
  hexOf,
  isInviteProven,
  machineKeyFromSeed,
  machineRecipient,
  noBatchHash,
  openBatch,
  openKeptBatches,
  openReceipt,
  openRecoveryKit,
  openSmall,
  openStatement,
  parseInvite,
  personFromPhrase,
  proveInvite,
  publicKeyOfPeer,
  recipientFromSeed,
  sealRecoveryKit,
  sealSmall,
  signBatch,
  type SignedBatch,
  signReceipt,
  signStatement,
  type Statement,
  unwrapKey,
  verifyPeerSignature,
  wrapKey,
} from '../../../agent/codec/index.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { DreyError, unixMs } from '../../../datasets/index.ts';
import { goldenBytes } from './golden-examples.ts';
import {
  atMs,
  batches,
  createAdmin,
  descriptor,
  drive,
  holder,
  noise,
  owner,
  root,
  seedOf,
  statements,
} from './samples.ts';

const failure = (act: () => unknown): DreyError | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof DreyError) return error;
    throw error;
  }
  return undefined;
};

test('an Ed25519 key is the one of RFC 8032, section 7.1', (t) => {
  const seed = bytesOfHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  const key = machineKeyFromSeed(seed);
  t.is(hexOf(key.publicKey), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  t.true(
    hexOf(key.sign(new Uint8Array(0))).startsWith(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155',
    ),
  );
});

test('an X25519 agreement is the one of RFC 7748, section 6.1', (t) => {
  const bob = recipientFromSeed(
    bytesOfHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
  );
  t.is(bob.recipient, 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  const alice = bytesOfHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
  t.is(hexOf(agree(bob, alice)), '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
});

test("a peer id is libp2p's, and holds the public key", async (t) => {
  const key = createMachineKey();
  const theirs = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', key.seed));
  t.is(String(key.peer), theirs.toString());
  t.deepEqual(publicKeyOfPeer(key.peer), key.publicKey);
});

test('a signature holds for its bytes and its peer only', (t) => {
  const bytes = new TextEncoder().encode('words');
  const signature = owner.sign(bytes);
  t.true(verifyPeerSignature(owner.peer, bytes, signature));
  t.false(verifyPeerSignature(holder.peer, bytes, signature));
  t.false(verifyPeerSignature(owner.peer, bytes.subarray(1), signature));
  t.false(verifyPeerSignature('no peer id' as PeerId, bytes, signature));
  t.false(verifyPeerSignature(owner.peer, bytes, signature.subarray(1)));
});

test('a batch signed by one agent in the name of another is refused', (t) => {
  const forger = { ...holder, peer: owner.peer };
  const { stream, sequence, previous, records } = batches['telemetry']!;
  const forged = signBatch({ key: forger, stream, sequence, previous, atMs, records });
  const opened = openBatch(forged.bytes);
  t.is(opened.ok ? 'opened' : opened.rejection.code, 'wrong-signature');
});

test('a batch that names no whole hash before it is refused', (t) => {
  const { stream, sequence, records } = batches['telemetry']!;
  const opened = openBatch(signBatch({ key: owner, stream, sequence, previous: 'ab', atMs, records }).bytes);
  t.is(opened.ok ? 'opened' : opened.rejection.code, 'wrong-shape');
});

test('a batch that was opened once is not checked again', (t) => {
  const open = createBatchOpener();
  t.is(open(batches['facts']!.bytes), open(batches['facts']!.bytes));
  t.deepEqual(open(batches['facts']!.bytes), openBatch(batches['facts']!.bytes));
});

/** Batches of two machines as they lie on a disk: six of one, then three of the other. */
function keptBatches(): readonly Uint8Array[] {
  const { stream, records } = batches['facts']!;
  return [owner, holder].flatMap((key, at) => {
    let previous = noBatchHash;
    return Array.from({ length: at === 0 ? 6 : 3 }, (_, sequence) => {
      const batch = signBatch({ key, stream, sequence, previous, atMs, records });
      previous = batch.hash;
      return batch.bytes;
    });
  });
}

test('batches that follow each other open together as they do one by one, whatever a disk did to them', (t) => {
  const whole = keptBatches();
  const harm = fc.record({
    at: fc.nat(whole.length - 1),
    byte: fc.nat(),
    way: fc.constantFrom('flip', 'drop', 'swap'),
  });
  fc.assert(
    fc.property(fc.array(harm, { maxLength: 4 }), (harms) => {
      const kept = whole.map((bytes) => bytes.slice());
      for (const { at, byte, way } of harms) {
        const bytes = kept[at % kept.length]!;
        if (way === 'flip') bytes[byte % bytes.length]! ^= 1 << (byte % 8);
        else if (way === 'drop') kept.splice(at % kept.length, 1);
        else kept.push(kept.shift()!);
      }
      const codes = (opened: Decoded<SignedBatch>): string =>
        opened.ok ? opened.value.hash : opened.rejection.code;
      t.deepEqual(
        openKeptBatches(kept).map(codes),
        kept.map((bytes) => codes(openBatch(bytes))),
      );
    }),
  );
});

test("a receipt is the holder's word for one shard", (t) => {
  const bytes = signReceipt(holder, { pack: descriptor.pack, index: 2, atMs: atMs + 0.4 });
  t.deepEqual(openReceipt(bytes), {
    ok: true,
    value: { holder: holder.peer, pack: descriptor.pack, index: 2, atMs, bytes },
  });
});

test('a statement counts only in the fleet whose root certified the admin', (t) => {
  const admin = createAdmin();
  for (const statement of Object.values(statements)) {
    const signed = signStatement(admin, statement);
    t.deepEqual(openStatement(signed.bytes, root.fleet), { ok: true, value: signed });
    t.false(openStatement(signed.bytes, createFleetRoot().fleet).ok);
  }
});

test('what an admin signed holds no longer than the admin', (t) => {
  const shortMs = 1000;
  const admin = createAdminKey(root, { notBeforeMs: atMs, forMs: shortMs });
  const until = unixMs(atMs + shortMs);
  const opened = (statement: Statement) => openStatement(signStatement(admin, statement).bytes, root.fleet);
  for (const kind of ['certificate', 'invite'] as const) {
    const narrowed = opened(statements[kind]!);
    t.deepEqual(narrowed.ok && narrowed.value.statement, { ...statements[kind]!, notAfterMs: until });
  }
  const certificate = statements['certificate'] as Extract<Statement, { kind: 'certificate' }>;
  const early = opened({ ...certificate, notBeforeMs: unixMs(0) });
  t.deepEqual(early.ok && early.value.statement, { ...certificate, notAfterMs: until });
  const policy = statements['policy'] as Extract<Statement, { kind: 'policy' }>;
  const revocation = statements['revocation'] as Extract<Statement, { kind: 'revocation' }>;
  for (const late of [
    { ...policy, atMs: unixMs(atMs + shortMs + 1) },
    { ...revocation, atMs: unixMs(atMs - 1) },
    { ...certificate, notBeforeMs: unixMs(until + 1), notAfterMs: unixMs(until + 2) },
  ]) {
    const refused = opened(late);
    t.is(refused.ok ? 'opened' : refused.rejection.code, 'expired');
  }
});

test('an admin certificate does not cover what another key signed', (t) => {
  const thief = { ...createAdmin(), key: holder };
  const opened = openStatement(signStatement(thief, statements['policy']!).bytes, root.fleet);
  t.is(opened.ok ? 'opened' : opened.rejection.code, 'wrong-signature');
});

const terms = {
  fleet: root.fleet,
  usesMax: 3,
  notAfterMs: unixMs(atMs + 1),
  addresses: ['/ip4/192.0.2.1/tcp/1'],
};

test('an invite is read from its line, and proves itself once for one machine and name', (t) => {
  const { statement, text } = createInvite(terms);
  const invite = parseInvite(`  ${text}\n`);
  t.is(invite.invite, statement.invite);
  t.deepEqual(invite.addresses, terms.addresses);
  const proof = { fleet: root.fleet, peer: holder.peer, nonce: seedOf('nonce'), name: 'pc-02' };
  const signature = proveInvite(invite.key, proof);
  t.true(isInviteProven(statement.publicKey, proof, signature));
  t.false(isInviteProven(statement.publicKey, { ...proof, peer: owner.peer }, signature));
  t.false(isInviteProven(statement.publicKey, { ...proof, nonce: seedOf('another') }, signature));
  t.false(isInviteProven(statement.publicKey, { ...proof, name: 'pc-03' }, signature));
});

test('an invite is read where a mail broke its line, and where what was printed below it came along', (t) => {
  const { statement, text } = createInvite(terms);
  const broken = text.replaceAll(/.{76}/gu, '$&\r\n');
  t.is(parseInvite(broken).invite, statement.invite);
  const copied = `${text}\nGood for 1 machine until 2026-12-07 18:28. On each of them: drey join INVITE --up\n`;
  t.is(parseInvite(copied).invite, statement.invite);
});

test('a mistyped or cut invite is told from a good one', (t) => {
  const { text } = createInvite(terms);
  fc.assert(
    fc.property(fc.integer({ min: 5, max: text.length - 2 }), fc.boolean(), (at, isCut) => {
      const other = text[at] === 'A' ? 'B' : 'A';
      const wrong = isCut ? text.slice(0, at) : text.slice(0, at) + other + text.slice(at + 1);
      t.is(failure(() => parseInvite(wrong))?.code, 'invite-malformed');
    }),
    { numRuns: 200 },
  );
  for (const nonsense of ['', 'drey1', 'drey1 ', 'https://example.org', 'drey2abc'])
    t.is(failure(() => parseInvite(nonsense))?.code, 'invite-malformed');
});

test('24 words give the same person again, whatever the spaces and capitals', (t) => {
  const words = createRecoveryPhrase();
  t.is(words.split(' ').length, 24);
  t.deepEqual(personFromPhrase(`  ${words.toUpperCase().replaceAll(' ', '\n ')} `), personFromPhrase(words));
});

test('a wrong phrase says which kind of mistake it is', (t) => {
  const words = createRecoveryPhrase().split(' ');
  const message = (list: readonly string[]): string | undefined => {
    const error = failure(() => personFromPhrase(list.join(' ')));
    t.is(error?.code, 'phrase-wrong');
    return error?.message;
  };
  t.regex(message(words.slice(1)) ?? '', /23 words/u);
  t.regex(message([...words.slice(0, 6), 'dreyy', ...words.slice(7)]) ?? '', /word 7 /u);
  t.false((message([...words.slice(0, 6), 'dreyy', ...words.slice(7)]) ?? '').includes('dreyy'));
  t.regex(message(Array.from({ length: 24 }, () => 'abandon')) ?? '', /check/u);
});

test('a wrapped drive key opens for its recipient, drive and epoch only', (t) => {
  const key = createDriveKey();
  const machine = machineRecipient(holder);
  const wrapped = wrapKey(key, { drive, keyEpoch: 4 }, machine.recipient);
  t.deepEqual(unwrapKey(wrapped, { drive, keyEpoch: 4 }, machine), { ok: true, value: key });
  t.false(unwrapKey(wrapped, { drive, keyEpoch: 5 }, machine).ok);
  t.false(unwrapKey(wrapped, { drive: driveId('0'.repeat(32)), keyEpoch: 4 }, machine).ok);
  t.false(unwrapKey(wrapped, { drive, keyEpoch: 4 }, machineRecipient(owner)).ok);
});

test('a wrapped key whose public half is of small order is refused', (t) => {
  const wrapped = wrapKey(createDriveKey(), { drive, keyEpoch: 0 }, machineRecipient(holder).recipient);
  wrapped.fill(0, 0, 32);
  t.false(unwrapKey(wrapped, { drive, keyEpoch: 0 }, machineRecipient(holder)).ok);
});

test('a small value opens with its key and for its purpose only', (t) => {
  const key = createDriveKey();
  const sealed = sealSmall(key, 'name', Uint8Array.of(1, 2));
  t.deepEqual(openSmall(key, 'name', sealed), { ok: true, value: Uint8Array.of(1, 2) });
  t.false(openSmall(key, 'root', sealed).ok);
  t.false(openSmall(createDriveKey(), 'name', sealed).ok);
});

test('a recovery kit opens with its passphrase and says what else is wrong', (t) => {
  const passphrase = createPassphrase();
  const kit = sealRecoveryKit(root, passphrase);
  t.deepEqual(openRecoveryKit(kit, passphrase).key.seed, root.key.seed);
  t.is(failure(() => openRecoveryKit(kit, `${passphrase} `))?.code, 'passphrase-wrong');
  t.is(failure(() => openRecoveryKit(kit.subarray(0, 40), passphrase))?.code, 'recovery-kit-damaged');
});

const kitFailure = (bytes: Uint8Array): string | undefined =>
  failure(() => openRecoveryKit(bytes, 'x'))?.code;

test('a damaged recovery kit is told before any passphrase is tried', (t) => {
  const kit = goldenBytes('recovery-kit/v1/kit.bin');
  for (let cut = 0; cut < kit.length; cut++) t.is(kitFailure(kit.subarray(0, cut)), 'recovery-kit-damaged');
  const parts = { salt: noise('salt', 32), nonce: noise('nonce', 12), sealed: noise('sealed', 48) };
  for (const name of ['salt', 'nonce', 'sealed']) {
    const short = encode({ ...parts, [name]: new Uint8Array(0) });
    t.is(kitFailure(concatBytes(kit.subarray(0, 5), short)), 'recovery-kit-damaged', name);
  }
});
