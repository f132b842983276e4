#!/usr/bin/env node
// Where the command `drey` starts. The rest is in run.ts, which is compiled when the engine is set up.

import './engine.ts';
import { standWhereTyped } from './command-line.ts';

standWhereTyped(process.env);

await import('./run.ts');
