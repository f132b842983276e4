// Bytes between two agent processes on loopback, beside node:tls, in interleaved rounds.
// npm run bench -- transfer [--rounds 5] [--bytes 1073741824] [--json OUT]. Not a test: times depend on the machine.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { mebibyte } from '../../../datasets/index.ts';
import { dreyNodeArguments } from './drey-node.ts';

const ways = ['tls', 'stream', 'shards'] as const;
type Way = (typeof ways)[number];

interface Used {
  readonly wallSeconds: number;
  /** Of both ends. */
  readonly cpuSeconds: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** A second's worth: of less, compiling the code is a fifth. */
    bytes: { type: 'string', default: String(1024 * mebibyte) },
    json: { type: 'string' },
  },
});

class End {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(way: Way, role: 'send' | 'receive') {
    const script = fileURLToPath(new URL('transfer-end.ts', import.meta.url));
    this.#child = spawn(process.execPath, [...dreyNodeArguments, script, way, role, values.bytes]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async hear(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('an end of the transfer ended early');
    return line.value;
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  end(): void {
    this.#child.stdin.end();
  }
}

async function transfer(way: Way): Promise<Used> {
  const [receiver, sender] = [new End(way, 'receive'), new End(way, 'send')];
  try {
    sender.tell(await receiver.hear());
    const sent = JSON.parse(await sender.hear()) as Used;
    const received = JSON.parse(await receiver.hear()) as Used;
    return { wallSeconds: sent.wallSeconds, cpuSeconds: sent.cpuSeconds + received.cpuSeconds };
  } finally {
    sender.end();
    receiver.end();
  }
}

const used: Record<Way, Used[]> = { tls: [], stream: [], shards: [] };
for (let round = 0; round < Number(values.rounds); round++)
  for (const way of ways) used[way].push(await transfer(way));

const gigabytes = Number(values.bytes) / 1e9;
const rows = ways.map((way) => {
  const wall = median(used[way].map(({ wallSeconds }) => wallSeconds));
  const cpu = median(used[way].map(({ cpuSeconds }) => cpuSeconds));
  return { way, wall, cpu };
});
const [tls] = rows;
for (const { way, wall, cpu } of rows)
  process.stdout.write(
    `${way.padEnd(8)} ${(gigabytes / wall).toFixed(3)} GB/s (${(tls!.wall / wall).toFixed(2)} of node:tls), ` +
      `${(cpu / gigabytes).toFixed(2)} CPU s/GB of both ends\n`,
  );
if (values.json !== undefined) {
  const numbers = (way: Way, of: keyof Used): number[] => used[way].map((one) => one[of]);
  const out = {
    rows: ways.map((way) => ({
      work: 'transfer',
      tool: way === 'tls' ? 'node:tls' : `drey ${way}`,
      wallSeconds: numbers(way, 'wallSeconds'),
      cpuSeconds: numbers(way, 'cpuSeconds'),
      peakBytes: 0,
      storedBytes: Number(values.bytes),
    })),
    ratios: rows.slice(1).map(({ way, wall, cpu }) => ({
      work: `transfer, ${way}`,
      against: 'node:tls',
      wall: tls!.wall / wall,
      cpu: tls!.cpu / cpu,
    })),
  };
  writeFileSync(values.json, `${JSON.stringify(out, null, 2)}\n`);
}
