// Faults by name, as a command line or a random draw picks them: each name sets a few of the numbers in options.ts.

import { DreyError, hours, minutes } from '../../datasets/index.ts';
import { calmNetwork, type NetworkFaults } from './network.ts';
import { type Faults, noFaults } from './options.ts';

interface FaultKind {
  readonly about: string;
  readonly network?: Partial<NetworkFaults>;
  readonly faults?: Partial<Omit<Faults, 'network'>>;
}

/** Every fault that can be asked for by name, at the strength that `--faults all` has. */
export const faultKinds = {
  nights: { about: 'people switch machines off for nights and weekends', faults: { nights: 'people' } },
  crashes: { about: 'crashes between any two effects', faults: { crashesPerMachineDay: 0.5 } },
  latency: { about: 'links that take up to 400 ms', network: { latencyMs: [1, 400] } },
  loss: {
    about: 'lost frames, hints and transfers',
    network: { lossShare: 0.0005, hintLossShare: 0.2, transferLossShare: 0.02, bytesPerSecond: 1_000_000 },
  },
  duplication: {
    about: 'frames and hints that arrive twice',
    network: { hintRepeatShare: 0.1, frameRepeatShare: 0.01 },
  },
  reordering: { about: 'frames that overtake others', network: { frameReorderShare: 0.02 } },
  asymmetry: {
    about: 'machines that send a hundred times slower than they receive',
    network: { slowUplinkShare: 0.2 },
  },
  partitions: { about: 'one-way partitions', faults: { partitionsPerDay: 2 } },
  rot: { about: 'flipped bits in shards', faults: { rotsPerDay: 1 } },
  fire: { about: 'a machine that burns with its disk', faults: { destroyedCount: 1 } },
  disks: { about: 'disks that die, old ones sooner', faults: { diskDeathsPerMachineYear: 2 } },
  sites: { about: 'a site without power', faults: { siteOutageCount: 1 } },
  siteloss: { about: 'a site that burns', faults: { siteLossCount: 1 } },
  mass: { about: '60 % of all machines down at once', faults: { massOutageCount: 1 } },
  update: {
    about: 'a bad update that crashes a third of the machines for hours',
    faults: { badUpdateCount: 1 },
  },
  slowdisks: { about: 'disks that take seconds', faults: { slowDiskShare: 0.15 } },
  fulldisks: { about: 'disks that are full for hours', faults: { fullDisksPerMachineDay: 0.1 } },
  skew: { about: 'clocks that are wrong by minutes', faults: { clockSkewMsMax: minutes(5) } },
  jumps: {
    about: 'clocks that are set by hours',
    faults: { clockJumpsPerMachineDay: 0.1, clockJumpMsMax: hours(5) },
  },
  liars: { about: 'a tenth of the machines lies', faults: { liarShare: 0.1 } },
  hostile: { about: 'liars send altered frames', faults: { liarShare: 0.1, hostileFramesPerLiarDay: 20 } },
  rollback: { about: 'a machine put back to an old image of its disk', faults: { rollbackCount: 1 } },
  revocations: { about: 'a machine is put out of the fleet', faults: { revocationCount: 1 } },
  joins: { about: 'new machines join', faults: { joinCount: 2 } },
  replans: {
    about: 'plan after plan within seconds, each taking back some of the last one',
    faults: { planBurstsPerDay: 2, exchangeShare: 0.5 },
  },
  wipes: {
    about: 'admins delete drives by a quorum, or stop it; a thief with one key tries alone',
    faults: { wipesPerDay: 0.5 },
  },
  usurpers: {
    about: "machines that write what is not theirs to say: others' packs given up, plans in another's name",
    faults: { usurpationsPerDay: 4 },
  },
  smalldisks: { about: 'disks that take a dozen shards', faults: { smallDiskShare: 0.3 } },
  copies: { about: 'copies of popular packs that come and go with each plan', faults: { copiesPerPlan: 6 } },
  namesakes: {
    about: "machines that take others' drives for their own",
    faults: { namesakesPerDay: 3 },
  },
  forgers: {
    about: "machines that send receipts and batches in others' names",
    faults: { forgeriesPerDay: 24 },
  },
  plunder: {
    about: 'a machine that is put out was stolen: its thief gives up all that was saved with it',
    faults: { revocationCount: 1, plunderShare: 1 },
  },
  laymen: { about: 'machines that may make no plans, and make some', faults: { laymanCount: 1 } },
  leavers: {
    about: 'people who leave: admins put them out, and drives that they could read get new keys',
    faults: { leaverCount: 2 },
  },
  twins: { about: 'an invite for one machine by which two come', faults: { twinInviteCount: 1 } },
  rests: { about: 'machines that are to rest, or are on battery', faults: { restsPerMachineDay: 0.3 } },
  rules: {
    about: 'rules for the fleet that are heard in another order than they were made in',
    faults: { ruleCount: 2 },
  },
  endedkeys: {
    about: 'keys of admins that are put out, and used all the same',
    faults: { endedKeyCount: 1 },
  },
  guests: { about: 'certificates that run out', faults: { guestCount: 2 } },
  crowds: { about: 'twelve new machines within an hour', faults: { crowdCount: 1 } },
  failedplans: { about: 'plans that cannot be computed', faults: { failedPlanShare: 0.2 } },
  fulllogs: { about: 'databases that are full for an hour or two', faults: { fullLogsPerMachineDay: 0.2 } },
  holidays: {
    about: 'machines that are off for longer than what was given up is kept',
    faults: { holidayCount: 1 },
  },
  readers: { about: 'people who want a part of a pack back', faults: { readsPerDay: 48 } },
  earlywords: { about: 'machines that have something to say as they start', faults: { earlyWordShare: 0.5 } },
  trickles: { about: 'shards that take minutes or hours on their way', network: { trickleShare: 0.05 } },
  turns: {
    about: 'optimizers that take turns, and fall asleep in the middle of their plans',
    faults: { turnsPerDay: 1, planMsMax: minutes(5) },
  },
  swaps: {
    about: "plans in which machines of a group take each other's slots",
    faults: { planBurstsPerDay: 2, swapShare: 0.3 },
  },
  domains: { about: 'plans that found domains', faults: { domainCount: 4 } },
  reviews: { about: 'plans that wait for an admin, and such that should', faults: { reviewCount: 2 } },
  spoils: {
    about: 'liars that send other bytes than a shard has',
    faults: { liarShare: 0.1, spoilShare: 0.3 },
  },
  unreaddisks: {
    about: 'disks that cannot be read for an hour',
    faults: { unreadDisksPerMachineDay: 0.5 },
  },
  failedproofs: {
    about: 'trial restores that find other bytes than were saved, or fail at their end',
    faults: { failedProofsPerMachineDay: 0.3 },
  },
  lostoutboxes: {
    about: 'packs that are lost from the outbox while they wait there',
    faults: { lostOutboxesPerMachineDay: 1 },
  },
  steals: {
    about: "a thief lets somebody in by another's invite, with an admin's key that is put out then",
    faults: { stolenInviteCount: 1 },
  },
  hangups: {
    about: 'machines that ask for much and die while it is sent',
    faults: { hangUpsPerMachineDay: 0.5 },
  },
  pardons: { about: 'liars that admins pardon, again and again', faults: { liarShare: 0.1, pardonCount: 6 } },
  stolenkeys: {
    about: "thieves who put out admins and people with an admin's key, which the recovery kit mostly ends",
    faults: { stolenKeyCount: 2 },
  },
  signers: {
    about: 'machines that are put out right after they have signed for what waits',
    faults: { putOutSignerCount: 2 },
  },
  wrongdates: {
    about: 'words that are written while a clock is weeks ahead',
    faults: { datedAheadPerMachineDay: 0.5 },
  },
  forecasts: {
    about: 'optimizers that know the hours of all machines, and repair by margin',
    faults: { forecastHours: 336 },
  },
  askers: {
    about: 'machines that ask for the same proof again and again, minutes apart',
    faults: { askedAgainPerMachineDay: 0.5 },
  },
  idlers: {
    about: 'an optimizer that keeps the lease and plans no more',
    faults: { idlerCount: 1 },
  },
  strays: {
    about: 'machines of which no log tells, as whoever let them in is lost',
    faults: { strayCount: 2 },
  },
  lastwords: {
    about: 'machines that an optimizer cannot reach, and that say something and burn',
    faults: { lastWordCount: 1 },
  },
  slanders: {
    about: 'a machine that a third of all slander while it is away',
    faults: { slanderCount: 1 },
  },
  renewals: {
    about: "certificates that end soon, and an admin's agent that renews them",
    faults: { shortCertificateDays: 3 },
  },
  aheadsnapshots: {
    about: 'snapshots that are saved while a clock is weeks ahead',
    faults: { aheadSnapshotShare: 0.2 },
  },
  cuts: { about: 'a network that is cut in two for most of a day', faults: { cutCount: 1 } },
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultName = keyof typeof faultKinds;

export const faultNames = Object.keys(faultKinds) as readonly FaultName[];

const isFaultName = (name: string): name is FaultName => name in faultKinds;

/** The faults of some names, together. */
export function faultsOf(names: readonly FaultName[]): Faults {
  const kinds = names.map((name): FaultKind => faultKinds[name]);
  const network = Object.assign({}, calmNetwork, ...kinds.map((kind) => kind.network)) as NetworkFaults;
  return Object.assign({}, noFaults, ...kinds.map((kind) => kind.faults), { network }) as Faults;
}

/** "all", "none", "crashes,rot", "all,-liars". Throws `simulation-options`. */
export function parseFaultNames(text: string): readonly FaultName[] {
  const chosen = new Set<FaultName>();
  for (const part of text.split(',').map((word) => word.trim())) {
    const name = part.replace(/^-/u, '');
    if (part === 'all') for (const every of faultNames) chosen.add(every);
    else if (!isFaultName(name) && name !== 'none') {
      throw new DreyError({
        code: 'simulation-options',
        message: `there is no fault "${name}"`,
        advice: `Write "all", "none", or some of: ${faultNames.join(', ')}; a minus before a name leaves it out.`,
      });
    } else if (name !== 'none' && part.startsWith('-')) chosen.delete(name);
    else if (name !== 'none') chosen.add(name);
  }
  return [...chosen];
}

/** What the first simulations had, and the tests of single promises still take. */
export const manyFaults: Faults = faultsOf([
  'nights',
  'crashes',
  'latency',
  'loss',
  'partitions',
  'rot',
  'fire',
  'skew',
]);
