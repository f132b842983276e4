#!/usr/bin/env node
// Where the command `drey` starts, in JavaScript like engine.js: until that has opened what was compiled before, Node would load the code that
// takes the types away from TypeScript, nearly half of what a command costs that has nothing to do. The rest is in run.ts. A Node that is too
// old for it, as where `npm link` made the command, hands over to the one that came with the packages.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const majorMin = 24;

if (Number.parseInt(process.versions.node, 10) >= majorMin) {
  await import('./engine.js');
  await import('./run.ts');
} else handOver();

function handOver() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const right = fileURLToPath(new URL(`../node_modules/node/bin/${name}`, import.meta.url));
  if (!existsSync(right)) {
    process.stderr.write(
      `drey: this is Node ${process.versions.node}, and the right one is not there\n  Run \`npm install\` in ${fileURLToPath(new URL('..', import.meta.url))}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const program = fileURLToPath(import.meta.url);
  const child = spawn(right, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; who ends this process means the other one.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
  });
}
