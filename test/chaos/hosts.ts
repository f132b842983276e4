// Where the machines of a chaos run live: each in a network namespace of its own behind one switch, when this process may make
// such, else all on loopback. Only namespaces can be cut off, slowed down or made to lose packets.

import { execFileSync } from 'node:child_process';
import type { Surroundings } from '../../cli/demo/processes.ts';

/** What goes wrong between one machine and the others; `in` is what comes to it, `out` what it sends. */
export interface Trouble {
  readonly cut: 'in' | 'out' | 'both' | 'no';
  /** Packets of a hundred that are lost on their way in. */
  readonly lossPercent: number;
  readonly delayMs: number;
}

export interface Host {
  readonly surroundings: Surroundings;
  /** Undefined where all machines share the loopback. */
  readonly network?: {
    trouble(trouble: Partial<Trouble>): void;
    heal(): void;
  };
}

export interface Hosts {
  readonly kind: 'namespaces' | 'loopback';
  add(index: number): Host;
  /** Takes away what it made. */
  close(): void;
}

/** The port of each agent in its own namespace. */
const port = 4001;

function run(program: string, ...words: readonly string[]): void {
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function works(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

const allOnLoopback: Hosts = {
  kind: 'loopback',
  add: () => ({ surroundings: {} }),
  close: () => undefined,
};

/** Namespaces where this process may make them and `nft` is there; else loopback. */
export function makeHosts(prefix: string): Hosts {
  const hub = `${prefix}-hub`;
  const made: string[] = [];
  const add = (name: string): void => {
    run('ip', 'netns', 'add', name);
    made.push(name);
    run('ip', 'netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up');
  };
  const close = (): void => {
    for (const name of made) works(() => run('ip', 'netns', 'del', name));
  };
  const isPossible =
    process.getuid?.() === 0 &&
    works(() => {
      add(hub);
      run('ip', '-n', hub, 'link', 'add', 'switch', 'type', 'bridge');
      run('ip', '-n', hub, 'link', 'set', 'switch', 'up');
      run('ip', 'netns', 'exec', hub, 'nft', 'list', 'ruleset');
    });
  if (!isPossible) {
    close();
    return allOnLoopback;
  }
  return {
    kind: 'namespaces',
    close,
    add: (index) => {
      const name = `${prefix}-${index}`;
      add(name);
      plug({ hub, name, index });
      return inNamespace({ name, address: addressOf(index) });
    },
  };
}

const addressOf = (index: number): string => `10.99.${Math.floor(index / 250)}.${(index % 250) + 1}`;

/** A cable from the namespace to the switch. */
function plug({ hub, name, index }: { hub: string; name: string; index: number }): void {
  const far = `port${index}`;
  run('ip', '-n', hub, 'link', 'add', far, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  run('ip', '-n', hub, 'link', 'set', far, 'master', 'switch');
  run('ip', '-n', hub, 'link', 'set', far, 'up');
  run('ip', '-n', name, 'addr', 'add', `${addressOf(index)}/16`, 'dev', 'eth0');
  run('ip', '-n', name, 'link', 'set', 'eth0', 'up');
}

function inNamespace({ name, address }: { name: string; address: string }): Host {
  const within = (program: string, ...words: readonly string[]): void =>
    run('ip', 'netns', 'exec', name, program, ...words);
  return {
    surroundings: {
      launcher: ['ip', 'netns', 'exec', name],
      listen: `/ip4/${address}/tcp/${port}`,
    },
    network: {
      trouble: ({ cut = 'no', lossPercent = 0, delayMs = 0 }) => {
        within('nft', rulesFor(cut, lossPercent));
        if (delayMs > 0) delay(within, delayMs);
      },
      heal: () => {
        within('nft', 'flush ruleset');
        works(() => within('tc', 'qdisc', 'del', 'dev', 'eth0', 'root'));
      },
    },
  };
}

function rulesFor(cut: Trouble['cut'], lossPercent: number): string {
  const incoming = cut === 'in' || cut === 'both' ? 'iifname "eth0" drop;' : '';
  const outgoing = cut === 'out' || cut === 'both' ? 'oifname "eth0" drop;' : '';
  const lossy =
    lossPercent > 0 ? `iifname "eth0" numgen random mod 100 < ${Math.round(lossPercent)} drop;` : '';
  return [
    'flush ruleset; table inet chaos {',
    `chain come { type filter hook input priority 0; policy accept; ${incoming} ${lossy} }`,
    `chain go { type filter hook output priority 0; policy accept; ${outgoing} }`,
    '}',
  ].join(' ');
}

/** By netem; a kernel without it gets a narrow line whose queue is about that long. */
function delay(within: (program: string, ...words: readonly string[]) => void, delayMs: number): void {
  const replace = ['qdisc', 'replace', 'dev', 'eth0', 'root'];
  const isDone = works(() => within('tc', ...replace, 'netem', 'delay', `${delayMs}ms`, `${delayMs / 4}ms`));
  if (!isDone)
    within('tc', ...replace, 'tbf', 'rate', '4mbit', 'burst', '16kb', 'latency', `${4 * delayMs}ms`);
}
