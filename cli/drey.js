#!/usr/bin/env node
// Where the command `drey` starts, in JavaScript like engine.js: until that has opened what was compiled before, Node would load the code that
// takes the types away from TypeScript, nearly half of what a command costs that has nothing to do. The rest is in run.ts.

import './engine.js';

await import('./run.ts');
