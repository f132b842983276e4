// What this machine's person allows the agent: a small file in its folder. Rules of the same hours are one rule.

import { z } from 'zod';
import { DreyError } from '../../../datasets/index.ts';
import type { CallRequest } from '../../control/index.ts';
import type { LimitRule } from '../../core/index.ts';
import { limitRulesMax, rateBytesPerSecondMin, threadsMax } from '../../limits.ts';
import { type Home, keepSettings, readJson } from '../home.ts';

const rate = z.number().min(rateBytesPerSecondMin).exactOptional();
const minute = z.int().min(0).max(1440);

export const ruleSchema = z.strictObject({
  days: z.array(z.int().min(0).max(6)).min(1).max(7).exactOptional(),
  between: z.strictObject({ fromMinute: minute, toMinute: minute }).exactOptional(),
  uploadBytesPerSecond: rate,
  downloadBytesPerSecond: rate,
  diskBytesPerSecond: rate,
  threads: z.int().min(1).max(threadsMax).exactOptional(),
  pause: z.literal(true).exactOptional(),
});

const schema = z.strictObject({
  version: z.literal(1),
  rules: z.array(ruleSchema).max(limitRulesMax),
  onMetered: z.enum(['pause', 'go']),
  priority: z.enum(['background', 'normal']),
});

export type LimitSettings = z.output<typeof schema>;

const defaults: LimitSettings = { version: 1, rules: [], onMetered: 'pause', priority: 'background' };

const setAgain = 'Remove that file, start again, and set the limits anew with `drey limits`.';

/** Throws `home-file-damaged`. */
export const readLimitSettings = (home: Home): LimitSettings =>
  readJson(home.limitsFile, schema, setAgain) ?? defaults;

/** Throws `disk-full`. */
export const writeLimitSettings = (home: Home, settings: LimitSettings): void =>
  keepSettings(home.limitsFile, settings);

const hoursOf = ({ days, between }: LimitRule): string => JSON.stringify([days ?? 'all', between ?? 'all']);

/** The settings after a change; throws `limits-refused`. */
export function changeLimitSettings(
  before: LimitSettings,
  { clear, rule, onMetered, priority }: CallRequest<'limits'>,
): LimitSettings {
  const kept = clear === true ? [] : before.rules;
  const parsed = rule === undefined ? undefined : ruleSchema.safeParse(rule);
  if (parsed?.success === false) throw refused(optionOf(parsed.error.issues[0]?.path[0]));
  const added = parsed?.data;
  const same = kept.find((one) => added !== undefined && hoursOf(one) === hoursOf(added));
  const rules = added === undefined ? kept : [...kept.filter((one) => one !== same), { ...same, ...added }];
  if (rules.length > limitRulesMax) throw refused('the number of rules');
  return {
    version: 1,
    rules,
    onMetered: onMetered ?? before.onMetered,
    priority: priority ?? before.priority,
  };
}

const options = {
  uploadBytesPerSecond: '--upload',
  downloadBytesPerSecond: '--download',
  diskBytesPerSecond: '--disk',
  threads: '--threads',
  days: '--days',
  between: '--between',
} as const;

/** As a person writes it. */
const optionOf = (field: PropertyKey | undefined): string =>
  options[field as keyof typeof options] ?? 'the rule';

const refused = (what: string): DreyError =>
  new DreyError({
    code: 'limits-refused',
    message: `${what} is outside of what a limit may be`,
    advice: `A rate is at least ${rateBytesPerSecondMin / 1024} KB/s (below it use --pause: transfers that stand still are given up), threads are 1 to ${threadsMax}, and there are at most ${limitRulesMax} rules.`,
  });
