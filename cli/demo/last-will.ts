// Runs beside a program that started agents, and ends those that are left when it is gone, however it went: killed, out of memory, or as a
// thread of a test that took too long. Reads "+PID" and "-PID" lines; the end of its input is the end of that program.

import { createInterface } from 'node:readline';

const left = new Set<number>();

// Whoever ends the program in a terminal ends its whole group, and this is part of it no more; politeness is for the program itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (!Number.isSafeInteger(pid) || pid <= 1) continue;
  if (line.startsWith('+')) left.add(pid);
  else left.delete(pid);
}

for (const pid of left) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
