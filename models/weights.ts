// The learned numbers of all models under names, as the registry keeps them, and back to what each model wants. It fits nothing.

import type { Weights } from './availability.ts';
import type { Calibration } from './availability-judgement.ts';
import type { ShockMixture } from './joint-failure.ts';

/** Float32 arrays by name, "availability.0" …, each with its shape. */
export type NamedWeights = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>
>;

export interface LearnedWeights {
  readonly availability: Weights;
  readonly calibration: Calibration;
  readonly mixture: Pick<ShockMixture, 'logRates' | 'strikes' | 'shifts'>;
  /** Layer by layer; empty where there was too little access to learn from. */
  readonly popularity: readonly Float32Array[];
  /** The same for reads of packs. */
  readonly packPopularity: readonly Float32Array[];
}

const flat = (values: Float32Array): NamedWeights[string] => ({ shape: [values.length], values });

export function nameWeights({
  availability,
  calibration,
  mixture,
  popularity,
  packPopularity,
}: LearnedWeights): NamedWeights {
  const layers = availability.values.map((values, index): [string, NamedWeights[string]] => [
    `availability.${index}`,
    { shape: availability.shapes[index]!, values },
  ]);
  return {
    ...Object.fromEntries(layers),
    'availability.calibration': flat(Float32Array.of(calibration.scale, calibration.shift)),
    'joint.logRates': flat(mixture.logRates),
    'joint.strikes': flat(mixture.strikes),
    'joint.shifts': flat(mixture.shifts),
    ...Object.fromEntries(popularity.map((values, index) => [`popularity.${index}`, flat(values)])),
    ...Object.fromEntries(packPopularity.map((values, index) => [`packPopularity.${index}`, flat(values)])),
  };
}

/** `prefix`.0, `prefix`.1, … as long as there are any. */
function numbered(named: NamedWeights, prefix: string): readonly NamedWeights[string][] {
  const found: NamedWeights[string][] = [];
  for (let entry = named[`${prefix}.0`]; entry !== undefined; entry = named[`${prefix}.${found.length}`])
    found.push(entry);
  return found;
}

/** The availability network of stored weights; versions that kept no calibration get none. */
export function availabilityOf(named: NamedWeights): {
  readonly weights: Weights;
  readonly calibration: Calibration;
} {
  const layers = numbered(named, 'availability');
  const [scale = 1, shift = 0] = named['availability.calibration']?.values ?? [];
  return {
    weights: { shapes: layers.map(({ shape }) => shape), values: layers.map(({ values }) => values) },
    calibration: { scale, shift },
  };
}

/** Layers of the popularity model, of files or of packs; undefined where none was learned. */
export function popularityOf(
  named: NamedWeights,
  of: 'popularity' | 'packPopularity',
): readonly Float32Array[] | undefined {
  const layers = numbered(named, of).map(({ values }) => values);
  return layers.length === 0 ? undefined : layers;
}
