// Has Node keep what it compiles, for this process, its threads and the agents that it starts: the next start takes less than half of the
// CPU. Kept beside the packages, so that only who may write the program writes it. Import it before anything large.

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A folder that cannot be written only means that nothing is kept.
const { directory } = enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'drey'));
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory;
