import { add } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { sumOfCosts } from '../pass-cost.js';
import { costOf, type Layer } from './layer.js';

/**
 * A residual connection: adds the output of a branch to the input, or to the output of a shortcut if the shapes differ (He et al.,
 * "Deep residual learning for image recognition", 2016).
 */
export function residual<Kind extends Layer>(
  branch: Kind,
  shortcut?: Layer,
): Layer & Pick<Kind, 'outputShape'> {
  return {
    outputShape: branch.outputShape,
    parameters: [...branch.parameters, ...(shortcut?.parameters ?? [])],
    cost: sumOfCosts([
      costOf(branch),
      ...(shortcut ? [costOf(shortcut)] : []),
      { numbers: elementCount(branch.outputShape), operations: 1 },
    ]),
    apply: (input, values, training) =>
      add(branch.apply(input, values, training), shortcut?.apply(input, values, training) ?? input),
  };
}
