// What people type before a command sees it: options that all commands share may stand before the command too, and paths belong to the
// folder in which the person stands, also when npm has gone to the program's own.

import { DreyError } from '../datasets/index.ts';

const shared: Readonly<Record<string, 'value' | 'alone'>> = { '--home': 'value', '--json': 'alone' };

/**
 * `--home X status` as `status --home X`: the shared options before the first word go to the end, before any `--`. `fleet invite --help` as
 * `help fleet invite`, which says so where there is no such command.
 */
export function settleArguments(words: readonly string[]): readonly string[] {
  const asked = words.slice(0, -1);
  if (
    asked.length > 0 &&
    /^(?:--help|-h)$/u.test(words.at(-1)!) &&
    !asked.some((word) => word.startsWith('-'))
  )
    return ['help', ...asked];
  let count = 0;
  for (let kind = kindOf(words[0]); kind !== undefined; kind = kindOf(words[count]))
    count += kind === 'value' && !words[count]!.includes('=') ? 2 : 1;
  const rest = words.slice(count);
  if (count === 0 || rest.length === 0) return words;
  const end = rest.indexOf('--');
  const before = end < 0 ? rest : rest.slice(0, end);
  return [...before, ...words.slice(0, count), ...(end < 0 ? [] : rest.slice(end))];
}

/** Options whose value may be empty: that takes a site back, and a reason may be left out. */
const mayBeEmpty = new Set(['--site', '--reason']);

/** An empty word is a variable of a script that is not set; as a path it would be the folder where one stands. Throws `word-empty`. */
export function refuseEmptyWords(words: readonly string[]): void {
  const at = words.findIndex((word, index) => word === '' && !mayBeEmpty.has(words[index - 1] ?? ''));
  if (at < 0) return;
  throw new DreyError({
    code: 'word-empty',
    message: `word ${at + 1} of the command is empty`,
    advice: 'Leave it out or write what is meant; a variable that is not set looks like this.',
  });
}

const kindOf = (word: string | undefined): 'value' | 'alone' | undefined => shared[word?.split('=')[0] ?? ''];

/** The scripts of package.json in which people type paths. */
const typedScripts = new Set(['drey', 'start', 'replay', 'replay:access', 'simulate']);

/** Goes to the folder where `npm run` was typed; `npm run` itself goes to the program's. Says nothing to the programs that this one starts. */
export function standWhereTyped(environment: NodeJS.ProcessEnv): void {
  const folder = environment['INIT_CWD'];
  if (folder === undefined || !typedScripts.has(environment['npm_lifecycle_event'] ?? '')) return;
  delete environment['INIT_CWD'];
  try {
    process.chdir(folder);
  } catch {
    // It was removed meanwhile: relative paths will say what is missing.
  }
}

const hostAndPort = /^(?:(?<four>\d{1,3}(?:\.\d{1,3}){3})|\[(?<six>[\da-f:]+)\])?:?(?<port>\d{1,5})$/iu;

/**
 * An address to listen on, as a multiaddr: "/ip4/0.0.0.0/tcp/4001" as it is, "192.168.1.5:4001", "[::1]:4001" and "4001" (on all interfaces)
 * made into one. Throws `listen-malformed`.
 */
export function listenAddressOf(text: string): string {
  const parts = text.trim().split('/');
  const isWhole = parts[0] === '' && parts.length === 5 && /^(?:ip4|ip6|dns|dns4|dns6)$/u.test(parts[1]!);
  if (isWhole && parts[2] !== '' && parts[3] === 'tcp' && isPort(parts[4]!)) return text.trim();
  const found = hostAndPort.exec(text.trim())?.groups;
  if (found !== undefined && isPort(found['port']!)) {
    const host = found['six'] === undefined ? `/ip4/${found['four'] ?? '0.0.0.0'}` : `/ip6/${found['six']}`;
    return `${host}/tcp/${found['port']}`;
  }
  throw new DreyError({
    code: 'listen-malformed',
    message: `"${text}" is not an address to listen on`,
    advice: 'Write an address of this machine and a port, as in "0.0.0.0:4001" or /ip4/0.0.0.0/tcp/4001.',
  });
}

const isPort = (text: string): boolean => /^\d{1,5}$/u.test(text) && Number(text) <= 65_535;
