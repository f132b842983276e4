// `drey snapshots`: which moments of which drives can be restored.

import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, tableText, timeText } from '../print.ts';
import { readPhrase } from '../secret.ts';

interface SnapshotsOptions extends CommonOptions {
  readonly phraseFile?: string;
  readonly forgotten?: boolean;
}

const head = ['drive', 'machine', 'name', 'snapshot', 'taken', 'files', 'size'] as const;

async function snapshots(options: SnapshotsOptions): Promise<void> {
  const phrase = readPhrase(options.phraseFile);
  const answer = await askAgent({
    home: homeOf(options),
    call: 'snapshots',
    request: phrase === undefined ? {} : { phrase },
  });
  show(options, answer, () => {
    const rows = answer.drives.flatMap((drive) =>
      (options.forgotten === true ? drive.forgotten : drive.snapshots).map((snapshot) => [
        drive.drive.slice(0, 8),
        drive.machine,
        drive.name ?? '(sealed)',
        snapshot.snapshot.slice(0, 12),
        timeText(snapshot.atMs),
        String(snapshot.fileCount),
        bytesText(snapshot.byteCount),
      ]),
    );
    if (options.forgotten === true) return forgottenText(rows);
    return rows.length === 0
      ? 'No snapshot is acknowledged yet. `drey protect PATH` starts one, `drey status` shows what it waits for.'
      : [tableText([head, ...rows]), ...(phrase === undefined ? sealedText(answer.drives) : [])].join('\n');
  });
}

/** Names are sealed for those who have not the words: what would open them. */
const sealedText = (
  drives: readonly { readonly name?: string; readonly snapshots: readonly unknown[] }[],
): string[] =>
  drives.some((drive) => drive.name === undefined && drive.snapshots.length > 0)
    ? [
        'Sealed ones show their names to the 24 words of their person: --phrase-file FILE, or "-" to type them.',
      ]
    : [];

const forgottenText = (rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? 'Nothing was forgotten within the week in which holders keep the packs.'
    : `${tableText([head, ...rows])}\nStill to be had with \`drey restore --snapshot\`, as long as holders keep the packs.`;

/** Adds `snapshots`. */
export function addSnapshotsCommand(program: Command): void {
  withCommonOptions(
    program.command('snapshots').description('list what can be restored'),
    'drey snapshots --phrase-file phrase.txt',
  )
    .option(
      '--phrase-file <file>',
      'recovery phrase, to open the names of your drives on a new machine ("-": standard input)',
    )
    .option(
      '--forgotten',
      'instead, those that were forgotten within the week in which holders keep the packs',
    )
    .action(snapshots);
}
