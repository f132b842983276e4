// What the browser gets: our TypeScript with the types taken out, the chart libraries as their packages ship them, one page and
// one style. All is read once, with the first page; nothing comes from another host.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface BrowserFiles {
  readonly page: string;
  readonly style: string;
  /** By name: "page.js", "chart.js", … */
  readonly scripts: ReadonlyMap<string, string>;
}

const folder = fileURLToPath(new URL('browser/', import.meta.url));
const require = createRequire(import.meta.url);

const readText = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** The UMD builds: they put `Chart` on the page, so no bundler is needed. */
const libraries = {
  'chart.umd.js': join(dirname(require.resolve('chart.js')), 'chart.umd.min.js'),
  'matrix.umd.js': join(dirname(require.resolve('chartjs-chart-matrix')), 'chartjs-chart-matrix.min.js'),
} as const;

const withoutTypes = (source: string): string =>
  stripTypeScriptTypes(source).replaceAll(/(from\s+')(\.\/[a-z-]+)\.ts'/gu, "$1$2.js'");

/** Runs work without Node's word that a function of `node:module` is experimental: no reader of a terminal can act on it. */
function quietly<Result>(work: () => Result): Result {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (...words: unknown[]): void => {
    if (words[1] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, words);
  };
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Reads and strips all files, about 200 kB. */
export function loadBrowserFiles(): BrowserFiles {
  const own = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const scripts = quietly(() =>
    own.map((name) => [name.replace(/\.ts$/u, '.js'), withoutTypes(readText(name))] as const),
  );
  const shipped = Object.entries(libraries).map(
    ([name, path]) => [name, readFileSync(path, 'utf8')] as const,
  );
  return {
    page: readText('page.html'),
    style: readText('page.css'),
    scripts: new Map([...scripts, ...shipped]),
  };
}
