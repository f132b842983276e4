// What is done to real agents, and how it is taken back. Only what Drey promises to survive: machines end and come back at any
// moment, all of them if need be, but bytes are only destroyed on as many machines as redundancy allows.

import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../datasets/index.ts';
import { fakeTimeLibrary, type Machine } from './machine.ts';

export interface Scene {
  readonly random: Random;
  readonly machines: readonly Machine[];
  /** Machines whose bytes may be destroyed: as many as every pack can lose. */
  readonly frail: readonly Machine[];
  /** Machines whose folders lie on small file systems of their own. */
  readonly cramped: readonly Machine[];
}

export interface Fault {
  readonly about: string;
  /** Undefined when it cannot be done here or now. */
  begin(scene: Scene): Promise<FaultUnderWay | undefined>;
}

export interface FaultUnderWay {
  readonly text: string;
  end(): Promise<void>;
}

const oneOf = <Item>(random: Random, items: readonly Item[]): Item | undefined =>
  items[random.below(Math.max(1, items.length))];

const running = ({ machines }: Scene): readonly Machine[] => machines.filter(({ isRunning }) => isRunning);

/** Kills some and starts them again at the end. */
async function outage(victims: readonly Machine[], text: string): Promise<FaultUnderWay | undefined> {
  if (victims.length === 0) return undefined;
  await Promise.all(victims.map((machine) => machine.kill()));
  return {
    text: `${text}: ${victims.map(({ name }) => name).join(', ')}`,
    end: async () => {
      for (const machine of victims) await machine.start();
    },
  };
}

/** Trouble on the lines of some machines. */
function onLines(
  victims: readonly Machine[],
  text: string,
  trouble: Parameters<NonNullable<Machine['host']['network']>['trouble']>[0],
): FaultUnderWay | undefined {
  const lines = victims.flatMap(({ host }) => host.network ?? []);
  if (lines.length === 0) return undefined;
  for (const line of lines) line.trouble(trouble);
  return {
    text: `${text}: ${victims.map(({ name }) => name).join(', ')}`,
    end: async () => {
      for (const line of lines) line.heal();
    },
  };
}

function flipBit(random: Random, file: string): void {
  const { size } = statSync(file);
  if (size === 0) return;
  const handle = openSync(file, 'r+');
  const offset = random.below(size);
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, offset);
  writeSync(handle, Buffer.of(byte[0]! ^ (1 << random.below(8))), 0, 1, offset);
  closeSync(handle);
}

const filesBelow = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Some bits of some files of a machine that is off, as a disk loses them. */
async function rot(
  scene: Scene,
  folder: string,
  keep: (file: string) => boolean,
): Promise<FaultUnderWay | undefined> {
  const machine = oneOf(scene.random, scene.frail);
  if (machine === undefined) return undefined;
  await machine.kill();
  const files = filesBelow(join(machine.home, folder)).filter(keep);
  const count = Math.min(files.length, 1 + scene.random.below(3));
  for (let at = 0; at < count; at++) flipBit(scene.random, files[scene.random.below(files.length)]!);
  return { text: `${count} bits of ${folder} on ${machine.name}`, end: () => machine.startDamaged() };
}

const hoursOff = [-20, -3, 3, 20];

/** By name; each of them leaves everything as it found it, once it ends. */
export const faults: Readonly<Record<string, Fault>> = {
  kill: {
    about: 'kill -9 of one agent, at any instant',
    begin: (scene) => {
      const victim = oneOf(scene.random, running(scene));
      return outage(victim === undefined ? [] : [victim], 'killed');
    },
  },
  blackout: {
    about: 'kill -9 of all agents at once',
    begin: (scene) => outage(running(scene), 'killed all'),
  },
  freeze: {
    about: 'SIGSTOP of one agent: connected, and silent',
    begin: async (scene) => {
      const victim = oneOf(scene.random, running(scene));
      victim?.freeze();
      return victim === undefined
        ? undefined
        : { text: `froze ${victim.name}`, end: async () => victim.thaw() };
    },
  },
  partition: {
    about: 'a third of the machines cut off, both ways',
    begin: async (scene) =>
      onLines(
        scene.machines.filter(() => scene.random.below(3) === 0),
        'cut off',
        { cut: 'both' },
      ),
  },
  oneWay: {
    about: 'one machine hears nobody, or is heard by nobody',
    begin: async (scene) => {
      const victim = oneOf(scene.random, scene.machines);
      const cut = scene.random.below(2) === 0 ? 'in' : 'out';
      return onLines(victim === undefined ? [] : [victim], cut === 'in' ? 'deaf' : 'mute', { cut });
    },
  },
  lossy: {
    about: 'packets lost and late on some lines',
    begin: async (scene) =>
      onLines(
        scene.machines.filter(() => scene.random.below(3) === 0),
        'lossy',
        { lossPercent: 2 + scene.random.below(8), delayMs: 20 + scene.random.below(80) },
      ),
  },
  fullDisk: {
    about: 'the disk of one machine is full',
    begin: async (scene) => {
      const victim = oneOf(scene.random, scene.cramped);
      if (victim === undefined) return undefined;
      const ballast = join(victim.home, 'ballast');
      fillDisk(victim.home, ballast);
      return { text: `disk full on ${victim.name}`, end: async () => rmSync(ballast, { force: true }) };
    },
  },
  shardRot: {
    about: 'bits of shards turn over',
    begin: (scene) => rot(scene, 'shards', () => true),
  },
  indexRot: {
    about: 'bits of the database turn over',
    begin: (scene) => rot(scene, 'database', (file) => /\.(?:ldb|log|sst)$|MANIFEST/u.test(file)),
  },
  skew: {
    about: 'an agent starts with a clock that is hours off',
    begin: async (scene) => {
      const victim = oneOf(scene.random, running(scene));
      if (victim === undefined || fakeTimeLibrary === undefined) return undefined;
      const skewHours = oneOf(scene.random, hoursOff)!;
      await victim.kill();
      await victim.start(skewHours);
      return {
        text: `clock of ${victim.name} ${skewHours} h off`,
        end: async () => {
          await victim.kill();
          await victim.start();
        },
      };
    },
  },
};

/** Writes until nothing more fits. */
function fillDisk(folder: string, ballast: string): void {
  const { bavail, bsize } = statfsSync(folder);
  try {
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
