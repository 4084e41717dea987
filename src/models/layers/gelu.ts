import { add, erf, exp, mul, neg, square, type Tensor } from '@tensorflow/tfjs-core';

import { withCustomGradient } from '../../engine/tracing/custom-gradient.js';

/**
 * x · Φ(x), with the distribution function Φ of the normal distribution (Hendrycks and Gimpel, "Gaussian error linear units", 2016),
 * in its exact form. Its gradient is Φ(x) + x · φ(x), with the density φ.
 */
export function gelu(input: Tensor): Tensor {
  return withCustomGradient(
    {
      forward([x], keep) {
        const scaled = mul(x!, Math.SQRT1_2);
        const distribution = add(mul(erf(scaled), 0.5), 0.5);
        keep([scaled, distribution]);
        return mul(x!, distribution);
      },
      gradient(dy, [scaled, distribution]) {
        // x · φ(x) = (x / √2) · exp(−(x / √2)²) / √π
        const weighted = mul(mul(scaled!, 1 / Math.sqrt(Math.PI)), exp(neg(square(scaled!))));
        return [mul(dy, add(distribution!, weighted))];
      },
    },
    input,
  );
}
