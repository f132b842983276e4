#!/usr/bin/env node
// Where the command `drey` starts. The rest is in run.ts, which is compiled after the cache is there.

import './compile-cache.ts';

await import('./run.ts');
