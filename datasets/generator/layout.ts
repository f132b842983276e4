// Who stands where in a generated fleet: sites, subnets, attributes, and the hidden domains that no attribute shows.
// Hidden domains lie inside one site but across its subnets, as a power circuit does.

import type { MachineAttributes } from '../rows.ts';
import type { Random } from '../random.ts';
import { refuse, type ResolvedOptions } from './options.ts';
import { cumulate, hexDigits, pick, pickWeighted, shuffled } from './sampling.ts';

export interface Layout {
  readonly siteOfMachine: Int32Array;
  readonly attributes: readonly MachineAttributes[];
  /** Members of each hidden domain, ascending; no machine is in two. */
  readonly hiddenDomains: readonly (readonly number[])[];
  readonly siteZones: readonly string[];
  /** Site positions in units of round-trip milliseconds. */
  readonly sitePositions: readonly (readonly [x: number, y: number])[];
}

const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Europe/London',
  'Asia/Tokyo',
  'America/Los_Angeles',
  'Asia/Kolkata',
];
const hardwareModels = ['OptiBox 7010', 'OptiBox 7090', 'ThinkDesk M75', 'ThinkDesk M90', 'EliteTower 800'];
const diskClasses = ['ssd 1y', 'ssd 3y', 'ssd 5y', 'hdd 4y'];
const patchRings: readonly (readonly [name: string, share: number])[] = [
  ['early', 0.15],
  ['broad', 0.4],
  ['late', 0.45],
];
const osBuilds: readonly (readonly [name: string, share: number])[] = [
  ['19045.4291', 0.3],
  ['22631.3447', 0.5],
  ['26100.1742', 0.2],
];
/** Subnets hold about this many machines; a small site still has two. */
const subnetSize = 25;

/** Decoys: values differ between machines but never cause an outage. */
export const decoyAttributes = ['hardwareModel', 'diskClass'] as const satisfies (keyof MachineAttributes)[];

export function layOut(options: ResolvedOptions, random: Random): Layout {
  const siteOfMachine = assignSites(options);
  const machinesOfSite = Array.from({ length: options.siteCount }, (): number[] => []);
  for (const [machine, site] of siteOfMachine.entries()) machinesOfSite[site]!.push(machine);
  const siteZones = machinesOfSite.map((_, site) => zones[Math.floor(site / 2) % zones.length]!);
  const attributes = Array<MachineAttributes>(options.machineCount);
  for (const [site, members] of machinesOfSite.entries()) {
    const drawn = describeSite(
      { options, site, members, timeZone: siteZones[site]! },
      random.fork(`site ${site}`),
    );
    for (const [i, machine] of members.entries()) attributes[machine] = drawn[i]!;
  }
  return {
    siteOfMachine,
    attributes,
    hiddenDomains: hideDomains(options, machinesOfSite, random.fork('hidden')),
    siteZones,
    sitePositions: machinesOfSite.map(() => [random.fraction() * 80, random.fraction() * 60]),
  };
}

/** Contiguous blocks, the first sites larger: site s gets a share in proportion to (s + 1)^−0.6, and at least one. */
function assignSites(options: ResolvedOptions): Int32Array {
  const { machineCount, siteCount } = options;
  const sums = cumulate(Array.from({ length: siteCount }, (_, site) => (site + 1) ** -0.6));
  const siteOfMachine = new Int32Array(machineCount);
  const spare = machineCount - siteCount;
  for (let site = 0, machine = 0; site < siteCount; site++) {
    const end = site + 1 + Math.round((spare * sums[site]!) / sums[siteCount - 1]!);
    for (; machine < end; machine++) siteOfMachine[machine] = site;
  }
  return siteOfMachine;
}

interface SitePart {
  readonly options: ResolvedOptions;
  readonly site: number;
  readonly members: readonly number[];
  readonly timeZone: string;
}

function describeSite(part: SitePart, random: Random): readonly MachineAttributes[] {
  const { members } = part;
  const subnetCount = Math.max(Math.min(2, members.length), Math.ceil(members.length / subnetSize));
  const subnets = Array.from({ length: subnetCount }, () => hexDigits(random, 16));
  const gateways = Array.from({ length: Math.ceil(subnetCount / 3) }, () => hexDigits(random, 16));
  const label = part.options.siteLabels === 'present' ? { site: `site-${part.site + 1}` } : {};
  return members.map((_, i): MachineAttributes => {
    const subnet = Math.floor((i * subnetCount) / members.length);
    const model = random.below(hardwareModels.length);
    return Object.assign({}, label, {
      subnet: subnets[subnet]!,
      gateway: gateways[Math.floor(subnet / 3)]!,
      timeZone: part.timeZone,
      hardwareModel: hardwareModels[model]!,
      osBuild: pickShared(random, osBuilds),
      patchRing: pickShared(random, patchRings),
      diskClass:
        random.fraction() < 0.6 ? diskClasses[model % diskClasses.length]! : pick(random, diskClasses),
    });
  });
}

function pickShared(random: Random, options: readonly (readonly [name: string, share: number])[]): string {
  return options[pickWeighted(random, cumulate(options.map(([, share]) => share)))]![0];
}

function hideDomains(
  options: ResolvedOptions,
  machinesOfSite: readonly (readonly number[])[],
  random: Random,
): readonly (readonly number[])[] {
  const size = options.hiddenDomainSize;
  const fitting: number[][] = [];
  for (const members of machinesOfSite) {
    const order = shuffled(random, members);
    for (let from = 0; from + size <= order.length; from += size) {
      fitting.push(order.slice(from, from + size).toSorted((a, b) => a - b));
    }
  }
  if (options.isDomainCountGiven && fitting.length < options.hiddenDomainCount) {
    refuse(`only ${fitting.length} domains of ${size} fit into the sites, not ${options.hiddenDomainCount}`);
  }
  return shuffled(random, fitting).slice(0, options.hiddenDomainCount);
}
