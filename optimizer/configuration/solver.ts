// The linear program of all groups known so far: which of them, how often, under every machine's slots, and what one slot of
// each machine is worth. Solved by HiGHS (WebAssembly); columns may be added, and it goes on from where it was.

import type { Highs, Model } from 'highs';
import type { Grouping, Prices } from './grouping.ts';

/** HiGHS, loaded: everything after that is synchronous. */
export type Solver = Highs;

/** Loads HiGHS; about 0.1 s. */
export async function loadSolver(): Promise<Solver> {
  const { default: highs } = await import('highs');
  // The package's types describe a CommonJS module, what Node loads is an ES module: its default is the loader itself.
  const load = highs as unknown as (typeof highs)['default'];
  return load();
}

export interface Column {
  /** Machines, ascending. */
  readonly members: readonly number[];
  /** P(fewer than k up). */
  readonly odds: number;
}

export interface MasterAnswer {
  /** How often each column is taken, ≥ 0; they sum to the number of groups. */
  readonly times: Float64Array;
  readonly prices: Prices;
  /** Mean odds of the (fractional) grouping. */
  readonly value: number;
}

/** min Σ u_c x_c, Σ x_c = G, Σ_{c∋i} x_c ≤ cap_i, x ≥ 0. Dispose it: its memory is not JavaScript's. */
export class Master {
  readonly columns: Column[] = [];
  readonly #model: Model;
  readonly #grouping: Grouping;
  readonly #keys = new Set<string>();
  /** Odds are divided by it, so that they are near 1 and the solver's tolerances mean something. */
  readonly #unit: number;

  constructor(solver: Solver, grouping: Grouping, unit: number) {
    this.#grouping = grouping;
    this.#unit = unit > 0 ? unit : 1;
    this.#model = solver.createModel();
    this.#model.options.set({ output_flag: false });
    const none = { indices: [], values: [] };
    this.#model.addRow(grouping.groupCount, grouping.groupCount, none);
    for (const capacity of grouping.capacities) this.#model.addRow(Number.NEGATIVE_INFINITY, capacity, none);
  }

  /** Adds a column that is not there yet; false when it is. */
  add({ members, odds }: Column): boolean {
    const sorted = members.toSorted((a, b) => a - b);
    const key = sorted.join(' ');
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.columns.push({ members: sorted, odds });
    const counts = new Map<number, number>([[0, 1]]);
    for (const member of sorted) counts.set(member + 1, (counts.get(member + 1) ?? 0) + 1);
    this.#model.addCol(odds / this.#unit, 0, Number.POSITIVE_INFINITY, {
      indices: [...counts.keys()],
      values: [...counts.values()],
    });
    return true;
  }

  /** Undefined when the columns so far cannot fill all groups. */
  solve(): MasterAnswer | undefined {
    this.#model.run();
    const { colValue, rowDual } = this.#model.getSolution();
    const times = Float64Array.from(colValue, (value) => Math.max(0, value));
    const filled = times.reduce((sum, value) => sum + value, 0);
    if (Math.abs(filled - this.#grouping.groupCount) > 1e-3) return undefined;
    const prices = Float64Array.from(this.#grouping.capacities, (_, machine) =>
      Math.max(0, -rowDual[machine + 1]! * this.#unit),
    );
    const sum = this.columns.reduce((total, { odds }, index) => total + odds * times[index]!, 0);
    return { times, prices, value: sum / this.#grouping.groupCount };
  }

  dispose(): void {
    this.#model.dispose();
  }
}
