// What the parts of a plan's table may look like (FORMATS.md "Plan table"): lists and byte strings with their limits. Whether they fit
// together is for `planOfTable`, whether the plan is one for the schema of plans.

import { z } from 'zod';
import { batchBytesMax, planCopiesMax, shardCountMax } from '../limits.ts';
import {
  bytes,
  certificateParts,
  count,
  exactBytes,
  machine,
  memberReasonParts,
  plannedCopyParts,
  planLimitParts,
  planMoveParts,
  planMovesMax,
  planParts,
  redundancy,
  text,
  trafficParts,
} from './schemas.ts';

/** Byte strings of whole values of this size. */
const values = (size: number): z.ZodType<Uint8Array> =>
  bytes(batchBytesMax).refine((value) => value.length % size === 0, { error: 'not whole values' });

const place = z.int().min(0).max(65_535);

const reason = z.strictObject({
  ...memberReasonParts,
  machine: place,
  runnerUp: place.exactOptional(),
});

const placementClass = z.strictObject({
  name: z.enum(['small', 'bulk']),
  redundancy,
  ids: z.array(z.string().min(1).max(32)).max(100_000),
  sizes: bytes(100_000),
  members: values(2),
  weights: values(8),
  unavailability: values(8),
  hours: z.array(text(64)).max(64),
  unavailabilityAt: values(8),
  reasons: z.array(z.array(reason).max(shardCountMax)).max(100_000).exactOptional(),
  certificate: z.strictObject({ ...certificateParts, prices: values(8) }).exactOptional(),
});

const limits = z.strictObject({
  ...planLimitParts,
  moves: z
    .array(z.strictObject({ ...planMoveParts, from: place.exactOptional() }))
    .max(planMovesMax)
    .exactOptional(),
  before: z
    .array(z.strictObject({ ...trafficParts, machine: place }))
    .max(65_535)
    .exactOptional(),
});

const popular = z.strictObject({
  copies: z
    .array(z.strictObject({ ...plannedCopyParts, pack: exactBytes(32), owner: place, machine: place }))
    .max(planCopiesMax),
  rooms: z.array(z.strictObject({ machine: place, bytes: count })).max(planCopiesMax),
});

const parts = {
  ...planParts,
  classes: z.array(placementClass).max(16),
  limits: limits.exactOptional(),
  machines: z.array(machine).max(65_535),
  domainNames: z.array(text(128)).max(65_535),
  domainOf: values(2),
} as const;

const plan = z.strictObject({ ...parts, popular: popular.exactOptional() });

interface Forms {
  readonly plan: z.output<typeof plan>;
  readonly class: z.output<typeof placementClass>;
  readonly reason: z.output<typeof reason>;
  readonly limits: z.output<typeof limits>;
  readonly popular: z.output<typeof popular>;
}

type Frozen<Value> = Value extends string | number | Uint8Array
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : { readonly [Key in keyof Value]: Frozen<Value[Key]> };

/** The table of a plan, or a part of it, after its check. */
export type FormOf<Part extends keyof Forms> = Frozen<Forms[Part]>;

export const planTable: z.ZodType<FormOf<'plan'>> = plan;
/** Of batches of version 2, which know no popular copies. */
export const earlyPlanTable: z.ZodType<FormOf<'plan'>> = z.strictObject(parts);
