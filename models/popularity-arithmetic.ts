// What a fitted popularity model says, in plain arithmetic: a plan is made each day, and no TensorFlow is loaded for it.

import { pairFeatureCount, rateCount } from './access-memory.ts';
import type { PairRows } from './popularity-examples.ts';
import { correctionMax, hiddenUnits, type PopularityModel, rateFloor } from './popularity.ts';

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** `predictDemand` to the digits of single precision. The weights must be of this version (`fitsPopularity`). */
export function demandByWeights({ weights }: PopularityModel, rows: PairRows): Float64Array {
  const [strengths, base, ...network] = weights;
  const echoOf = Array.from(strengths!, softplus);
  const always = softplus(base![0]!);
  return Float64Array.from(rows.pairs, (_, at) => {
    const echoes = rows.echoes.subarray(at * rateCount, (at + 1) * rateCount);
    const plain = echoes.reduce((sum, echo, index) => sum + echo * echoOf[index]!, always);
    const features = rows.features.subarray(at * pairFeatureCount, (at + 1) * pairFeatureCount);
    return plain * (network.length === 0 ? 1 : Math.exp(correctionOf(network, features))) + rateFloor;
  });
}

/** One hidden layer of rectified units; the outcome is bounded to ± `correctionMax`. */
function correctionOf([w1, b1, w2, b2]: readonly Float32Array[], features: Float32Array): number {
  let outcome = b2![0]!;
  for (let unit = 0; unit < hiddenUnits; unit++) {
    let inner = b1![unit]!;
    for (const [index, feature] of features.entries()) inner += feature * w1![index * hiddenUnits + unit]!;
    outcome += Math.max(0, inner) * w2![unit]!;
  }
  return correctionMax * Math.tanh(outcome / correctionMax);
}
