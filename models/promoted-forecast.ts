// A stored version's forecast for the machines of today: what it learned about those that it knows, the habit of the others,
// and who is gone by the newest history. No TensorFlow: a version that was trained elsewhere serves on any machine.

import type { FleetHistory, MachineId } from '../datasets/index.ts';
import { goneOdds } from './departures.ts';
import type { FailureForecast, Shock } from './forecast.ts';
import { baselineForecast } from './marginals.ts';
import type { StoredModels } from './registry.ts';
import { fitReturnHazard } from './return-hazard.ts';
import { unseenOrigin } from './unseen-shocks.ts';

/** The forecast of these of its machines, in this order. Every machine must be known to it. */
export function selectForecast(
  { presence: _ofAllMachines, ...forecast }: FailureForecast,
  machines: readonly MachineId[],
): FailureForecast {
  const rowOf = new Map(forecast.machines.map((machine, row) => [machine, row]));
  const rows = machines.map((machine) => rowOf.get(machine)!);
  const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row]!);
  return {
    ...forecast,
    machines,
    strata: forecast.strata.map((stratum) => ({
      ...stratum,
      downProbability: pick(stratum.downProbability),
    })),
    shocks: forecast.shocks.map((shock) => ({ ...shock, strike: pick(shock.strike) })),
    domainOfMachine: Int32Array.from(rows, (row) => forecast.domainOfMachine[row]!),
    goneProbability: pick(forecast.goneProbability),
  };
}

/** The stored version for every machine of this history. */
export function promotedForecast(stored: StoredModels, history: FleetHistory): FailureForecast {
  const today = baselineForecast(history);
  const learned = stored.forecast;
  const rowOf = new Map(learned.machines.map((machine, row) => [machine, row]));
  const rows = today.machines.map((machine) => rowOf.get(machine));
  return {
    ...today,
    strata: today.strata.map((stratum) => {
      const known = learned.strata.find(({ name }) => name === stratum.name);
      const downProbability = stratum.downProbability.map((habit, index) => {
        const row = rows[index];
        return known === undefined || row === undefined ? habit : known.downProbability[row]!;
      });
      return { ...stratum, downProbability };
    }),
    shocks: learned.shocks.map((shock) => ({
      ...shock,
      strike: Float64Array.from(rows, (row) =>
        row === undefined ? strikeOfStrangers(shock) : shock.strike[row]!,
      ),
    })),
    domainOfMachine: Int32Array.from(rows, (row) => (row === undefined ? -1 : learned.domainOfMachine[row]!)),
    ...(knowsReturns(stored) ? { goneProbability: goneOdds(history, fitReturnHazard(history)) } : {}),
    source: `promoted ${stored.version}: ${learned.source}`,
  };
}

/** Whoever joined after the training is in no domain, and what was not seen yet may strike anybody. */
const strikeOfStrangers = ({ origin, strike }: Shock): number =>
  origin === unseenOrigin ? (strike[0] ?? 0) : 0;

/** As after a training (`forecastOf`). */
const knowsReturns = ({ cards }: StoredModels): boolean =>
  cards.some(({ model, serves }) => model === 'return' && serves === 'model');
