// Alerts that wait, on the disk, so that a restart loses none. A damaged file is begun anew: it is no reason not to start.

import { z } from 'zod';
import { unixMs } from '../../../datasets/index.ts';
import { type Home, readNotes, writeJson } from '../home.ts';
import { problemSchema } from '../problems/index.ts';
import { AlertQueue } from './alert-queue.ts';

export const channels = ['webhook', 'mail'] as const;
export type Channel = (typeof channels)[number];

const time = z.int().min(0).transform(unixMs);
const text = z.string().max(1024);
const queueSchema = z.strictObject({
  lostCount: z.int().min(0),
  queued: z.array(
    z.strictObject({
      alert: z.strictObject({
        id: text,
        kind: z.enum(['problems', 'test']),
        atMs: time,
        fleet: text,
        machine: text,
        peer: text,
        changes: z.array(
          z.strictObject({ change: z.enum(['began', 'ended']), atMs: time, problem: problemSchema }),
        ),
      }),
      attemptCount: z.int().min(0),
      nextMs: time,
    }),
  ),
});
const schema = z.strictObject({ version: z.literal(1), webhook: queueSchema, mail: queueSchema });

export type AlertQueues = Readonly<Record<Channel, AlertQueue>>;

export function readAlertQueues(home: Home): AlertQueues {
  const stored = readNotes(home.alertQueueFile, schema);
  return {
    webhook: new AlertQueue(stored?.webhook.queued, stored?.webhook.lostCount),
    mail: new AlertQueue(stored?.mail.queued, stored?.mail.lostCount),
  };
}

export function writeAlertQueues(home: Home, { webhook, mail }: AlertQueues): void {
  const plain = ({ queued, lostCount }: AlertQueue) => ({ queued, lostCount });
  writeJson(home.alertQueueFile, { version: 1, webhook: plain(webhook), mail: plain(mail) });
}
