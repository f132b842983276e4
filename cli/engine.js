// How the JavaScript engine serves this process and its threads. Import it before anything large.
//
// What is compiled is kept, beside the packages, so that only who may write the program writes it: the next start takes less than half of the
// CPU. And the collector runs when memory has doubled twice, with bytes outside of its heap counted like those inside: by itself it
// marks the whole heap for every 64 MB of buffers that came by, a third of all CPU of a backup into a fleet (docs/benchmarks/data-path.md).

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

// A folder that cannot be written only means that nothing is kept.
const { directory } = enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'drey'));
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory;

// After the cache is open, which knows its entries by the flags at that moment; children get it open from the start.
setFlagsFromString('--external-memory-accounted-in-global-limit');
setFlagsFromString('--heap-growing-percent=300');
// What is made for a moment and made often is made among the young, whatever became of the first ones: an agent walks through a hundred thousand
// packs each minute, and 34 MB a minute of views of them lay among the old until the next collection.
setFlagsFromString('--no-allocation-site-pretenuring');
