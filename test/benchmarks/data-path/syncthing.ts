// Two Syncthing instances on loopback, without relays, discovery or upgrades: one has a folder, the other gets one copy of it. Timed from
// the moment that the folder is no longer paused until the other side has every byte.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cpuSecondsOf, memoryOf } from './process-cpu.ts';
import type { Usage } from './usage.ts';

const apiKey = 'benchmark';
const waitMsMax = 600_000;

export const hasSyncthing = (): boolean => spawnSync('syncthing', ['--version']).error === undefined;

interface Instance {
  readonly home: string;
  readonly id: string;
  readonly apiPort: number;
  readonly port: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function createInstance(home: string): Promise<Instance> {
  mkdirSync(home, { recursive: true });
  const made = spawnSync('syncthing', ['generate', '--home', home], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`syncthing generate: ${made.stderr}${made.stdout}`);
  const told = spawnSync('syncthing', ['--home', home, '--device-id'], { encoding: 'utf8' });
  return { home, id: told.stdout.trim(), apiPort: await freePort(), port: await freePort() };
}

/** Paused, so that both can start and meet before the clock runs. */
function configure(own: Instance, other: Instance, folder: string): void {
  const device = ({ id, port }: Instance): string =>
    `<device id="${id}" name="x" compression="metadata"><address>tcp://127.0.0.1:${port}</address></device>`;
  const options = Object.entries({
    listenAddress: `tcp://127.0.0.1:${own.port}`,
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    crashReportingEnabled: false,
    startBrowser: false,
    autoUpgradeIntervalH: 0,
    urAccepted: -1,
    reconnectionIntervalS: 1,
  });
  writeFileSync(
    join(own.home, 'config.xml'),
    `<configuration version="35">
<folder id="tree" path="${folder}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="false">
<device id="${own.id}"/><device id="${other.id}"/><markerName>.</markerName><paused>true</paused></folder>
${device(own)}${device(other)}
<gui enabled="true" tls="false"><address>127.0.0.1:${own.apiPort}</address><apikey>${apiKey}</apikey></gui>
<options>${options.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</options>
</configuration>`,
  );
}

const start = ({ home }: Instance): ChildProcess =>
  spawn('syncthing', ['serve', '--home', home, '--no-browser', '--no-restart', '--no-upgrade'], {
    stdio: 'ignore',
    // As its own monitor starts it: no second process, whose CPU would be missed.
    env: { ...process.env, STNOUPGRADE: '1', STMONITORED: 'yes' },
  });

async function ask<Answer>({ apiPort }: Instance, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/rest/${path}`, {
    headers: { 'X-API-Key': apiKey },
    ...(body === undefined ? {} : { method: 'PATCH', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`syncthing ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const lateMs = performance.now() + waitMsMax;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > lateMs) throw new Error(`syncthing: ${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Connections {
  readonly connections: Readonly<Record<string, { readonly connected: boolean }>>;
}
interface FolderStatus {
  readonly globalBytes: number;
  readonly needBytes: number;
  readonly needFiles: number;
  readonly state: string;
}

/** One copy of `folder` (so many bytes) into `to`; everything else lies below `place`. */
export async function copyBySyncthing(wanted: {
  readonly folder: string;
  readonly byteCount: number;
  readonly place: string;
}): Promise<Usage> {
  const { folder, byteCount, place } = wanted;
  const to = join(place, 'copy');
  mkdirSync(to, { recursive: true });
  const source = await createInstance(join(place, 'source'));
  const target = await createInstance(join(place, 'target'));
  configure(source, target, folder);
  configure(target, source, to);
  const children = [start(source), start(target)];
  const pids = children.map(({ pid }) => pid!);
  try {
    await until('the meeting', async () => {
      const { connections } = await ask<Connections>(source, 'system/connections');
      return connections[target.id]?.connected === true;
    });
    await ask(target, 'config/folders/tree', { paused: false });
    const [startMs, startCpu] = [performance.now(), cpuSecondsOf(pids)];
    await ask(source, 'config/folders/tree', { paused: false });
    await until('the copy', async () => {
      const status = await ask<FolderStatus>(target, 'db/status?folder=tree');
      const isWhole = status.globalBytes >= byteCount && status.needBytes + status.needFiles === 0;
      return isWhole && status.state === 'idle';
    });
    return {
      wallSeconds: (performance.now() - startMs) / 1000,
      cpuSeconds: cpuSecondsOf(pids) - startCpu,
      peakBytes: Math.max(...pids.map((pid) => memoryOf(pid).peakBytes)),
    };
  } finally {
    const ended = children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}
