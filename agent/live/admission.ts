// The two doors of a running agent: who is let in with a certificate (hello), and who gets one for an invite (join). Facts
// come from the core's roster; signatures were checked by the codec.

import { randomBytes } from 'node:crypto';
import type { UnixMs } from '../../datasets/index.ts';
import {
  type CodecRejection,
  encodeHello,
  type HelloAnswer,
  isInviteProven,
  type JoinMessage,
  openStatement,
  type SignedStatement,
  signStatement,
} from '../codec/index.ts';
import { isValidAt, type Membership, outText } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import { certificateFor } from './founding.ts';
import type { Identity } from './identity.ts';
import { knownAddresses } from './known-addresses.ts';
import { isUsableName } from './names.ts';
import { Turns } from './turns.ts';

type Ask = Extract<JoinMessage, { kind: 'ask' }>;
type Refused = Extract<JoinMessage, { kind: 'refused' }>;
type Welcome = Extract<JoinMessage, { kind: 'welcome' }>;

export interface AdmissionOptions {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly now: () => UnixMs;
  /** Where members can be dialled now. */
  readonly addresses: () => readonly string[];
  /** Puts a statement into the own log; resolves when it is flushed. */
  readonly publish: (statement: SignedStatement) => Promise<void>;
  /** A member showed a certificate that the roster may not have yet. */
  readonly learn: (statement: SignedStatement) => void;
}

const refuseHello = (code: string, reason: string): HelloAnswer => ({ kind: 'refused', code, reason });
const codeOf = ({ code }: CodecRejection): string =>
  code === 'expired' ? 'certificate-expired' : 'certificate-wrong';
const nonceBytes = 32;

export class Admission {
  readonly #options: AdmissionOptions;
  #certificateBytes: Uint8Array;
  readonly #turnedAwayBy = new Set<PeerId>();
  /** Machines of one invite are counted one after the other, so that its uses cannot be overrun. */
  readonly #turns = new Turns();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#certificateBytes = options.identity.certificateBytes;
  }

  /** Machines whose last answer was that this one was put out. */
  get turnedAwayBy(): ReadonlySet<PeerId> {
    return this.#turnedAwayBy;
  }

  answered(peer: PeerId, answer: HelloAnswer): void {
    if (answer.kind === 'refused' && answer.code === 'certificate-revoked') this.#turnedAwayBy.add(peer);
    else this.#turnedAwayBy.delete(peer);
  }

  ownHello(): Uint8Array {
    return encodeHello({ fleet: this.#options.identity.fleet, certificate: this.#certificateBytes });
  }

  /** Shows another certificate from now on: connections that stand go on as they are. */
  renewed(certificateBytes: Uint8Array): void {
    this.#certificateBytes = certificateBytes;
  }

  /** Signed for this fleet, for this very peer, valid now or a member by the logs, not revoked. */
  check(peer: PeerId, certificate: Uint8Array, fleet: string): HelloAnswer {
    const { identity, membership, now, learn } = this.#options;
    if (certificate.length === 0)
      return refuseHello('certificate-missing', 'this machine has no certificate: it must join first');
    if (fleet !== identity.fleet)
      return refuseHello('other-fleet', 'this is another fleet: its certificate is not known here');
    const opened = openStatement(certificate, identity.fleet);
    if (!opened.ok)
      return refuseHello(
        codeOf(opened.rejection),
        `the certificate does not hold: ${opened.rejection.reason}`,
      );
    const { statement } = opened.value;
    if (statement.kind !== 'certificate' || statement.peer !== peer)
      return refuseHello('certificate-wrong', 'the certificate is not for this machine');
    // What the root says with it counts before all else.
    learn(opened.value);
    if (membership.isRevoked(peer))
      return refuseHello('certificate-revoked', `this machine ${outText(peer, membership)}`);
    if (!membership.isBelieved(opened.value, now()))
      return refuseHello('certificate-revoked', 'the admin key that certified this machine was put out');
    // By the logs it may be a member with another certificate than it shows.
    if (!isValidAt(statement, now()) && !membership.isMember(peer, now()))
      return refuseHello(
        'certificate-expired',
        'the certificate is not valid now: check the clock, or join again',
      );
    return { kind: 'welcome' };
  }

  ask(_peer: PeerId, ask: Ask): { readonly kind: 'challenge'; readonly nonce: Uint8Array } | Refused {
    const refused = this.#problemWith(ask);
    return refused ?? { kind: 'challenge', nonce: new Uint8Array(randomBytes(nonceBytes)) };
  }

  prove(
    peer: PeerId,
    proof: { readonly ask: Ask; readonly nonce: Uint8Array; readonly signature: Uint8Array },
  ): Promise<Welcome | Refused> {
    return this.#turns.take(() => this.#prove(peer, proof));
  }

  #refuse(code: string, reason: string): Refused {
    return { kind: 'refused', code, reason, addresses: [] };
  }

  #problemWith(ask: Ask): Refused | undefined {
    const { identity, membership, now } = this.#options;
    if (ask.fleet !== identity.fleet)
      return this.#refuse('invite-unknown', 'the invite is for another fleet');
    // `drey join` says so before it asks; an admin signs no other name either, whoever asks.
    if (!isUsableName(ask.name)) return this.#refuse('name-unusable', 'that cannot be the name of a machine');
    if (identity.adminKey === undefined || !membership.authority.canAct(membership.self))
      return {
        ...this.#refuse('ask-an-admin', 'this agent cannot certify machines'),
        addresses: this.#adminAddresses(),
      };
    const invite = membership.inviteOf(ask.invite);
    if (invite === undefined) return this.#refuse('invite-unknown', 'the invite is not known here');
    if (membership.isRevoked(ask.invite)) return this.#refuse('invite-revoked', 'the invite was revoked');
    if (invite.notAfterMs < now())
      return this.#refuse(
        'invite-expired',
        `the invite expired at ${new Date(invite.notAfterMs).toISOString()}`,
      );
    return undefined;
  }

  async #prove(
    peer: PeerId,
    proof: { readonly ask: Ask; readonly nonce: Uint8Array; readonly signature: Uint8Array },
  ): Promise<Welcome | Refused> {
    const { identity, membership, publish, addresses } = this.#options;
    const { ask, nonce, signature } = proof;
    const problem = this.#problemWith(ask);
    const invite = membership.inviteOf(ask.invite);
    if (problem !== undefined || invite === undefined || identity.adminKey === undefined)
      return problem ?? this.#refuse('invite-unknown', 'the invite is not known here');
    const isProven = isInviteProven(
      invite.publicKey,
      { fleet: identity.fleet, peer, nonce, name: ask.name },
      signature,
    );
    if (!isProven) return this.#refuse('invite-unknown', 'the invite is not proven');
    const isLate = membership.lateUseOf(peer) !== undefined;
    if (membership.isRevoked(peer) && !isLate)
      return this.#refuse('certificate-revoked', `this machine ${outText(peer, membership)}`);
    const isNew = membership.certificateOf(peer) === undefined || isLate;
    // The same machine asks again when its join broke off: that is no second use.
    if (isNew && membership.usersOf(ask.invite).length >= invite.usesMax)
      return this.#refuse(
        'invite-spent',
        invite.usesMax === 1 ? 'the invite was used' : `all ${invite.usesMax} uses of the invite are taken`,
      );
    const certificate = signStatement(
      identity.adminKey,
      certificateFor({ peer, name: ask.name, roles: ['holder', 'optimizer'], invite: ask.invite }),
    );
    await publish(certificate);
    return {
      kind: 'welcome',
      certificate: certificate.bytes,
      statements: this.#policyBytes(),
      addresses: addresses().slice(0, 64),
    };
  }

  #policyBytes(): readonly Uint8Array[] {
    const { identity, membership } = this.#options;
    const { policy } = membership;
    return policy === undefined || identity.adminKey === undefined
      ? []
      : [signStatement(identity.adminKey, policy).bytes];
  }

  #adminAddresses(): readonly string[] {
    const { membership } = this.#options;
    const admins = membership.machines.filter((peer) => membership.hasRole(peer, 'admin'));
    return knownAddresses(membership, admins).slice(0, 32);
  }
}
