// What the planner's thread gets when a person promoted a version: no training, and the hours since then as its judge.

import { type FleetHistory, sliceHistory } from '../../datasets/index.ts';
import {
  baselineForecast,
  habitForecast,
  judgedFrom,
  promotedForecast,
  type StoredModels,
} from '../../models/index.ts';
import type { PlanTask } from './planner-worker.ts';

/** A day of hours that the promoted version never saw says something; less does not. */
const unseenSlotsMin = 24;

/**
 * A version that a person promoted serves instead of a training of our own. The hours since its training judge it at every plan:
 * where its groups did no better than those by habits alone, or clearly worse than a baseline's, that serves and the plan says so.
 */
export function promotedTask(
  promoted: StoredModels,
  history: FleetHistory,
): Pick<PlanTask, 'forecast' | 'habits' | 'baseline' | 'heldOut'> {
  const forecast = promotedForecast(promoted, history);
  const baseline = baselineForecast(history);
  const habits = habitForecast(history);
  const heldOutFromSlot = judgedFrom(history, promoted.historyEndMs);
  const isUnseen = history.startMs + heldOutFromSlot * history.slotMs >= promoted.historyEndMs;
  if (!isUnseen || heldOutFromSlot < unseenSlotsMin) return { forecast, habits, baseline };
  const past = sliceHistory(history, { fromSlot: 0, toSlot: heldOutFromSlot });
  const heldOutForecast = promotedForecast(promoted, past);
  return { forecast, habits, baseline, heldOut: { history, heldOutForecast, heldOutFromSlot } };
}
