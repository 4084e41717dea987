import { add, concat, mul, sigmoid, split, sub, tanh, type Tensor } from '@tensorflow/tfjs-core';

import { sigmoidGradient, tanhGradient } from '../../engine/tracing/operations.js';
import type { RecurrentCell } from './recurrent-cell.js';

/**
 * A gated recurrent unit (Cho et al., "Learning phrase representations using RNN encoder–decoder", 2014), in the form that cuDNN and
 * PyTorch compute: with the reset gate r, the update gate z and the candidate n = tanh(xₙ + r · (hₙ + b)), the output is
 * h = (1 − z) · n + z · h'. The order of the gates is PyTorch's: r, z, n.
 */
export const gruCell: RecurrentCell = {
  gates: 3,
  keeps: 4,
  hasProductBias: true,
  step(input, product, before, bias) {
    const [xr, xz, xn] = split(input, 3, 1) as [Tensor, Tensor, Tensor];
    const [hr, hz, hn] = product ? split(product, 3, 1) : [];
    const reset = sigmoid(hr ? add(xr, hr) : xr);
    const update = sigmoid(hz ? add(xz, hz) : xz);
    const recurrent = hn ? add(hn, bias!) : bias!;
    const candidate = tanh(add(xn, mul(reset, recurrent)));
    const kept = mul(update, before ? sub(before[0], candidate) : candidate);
    const output = before ? add(candidate, kept) : sub(candidate, kept);
    return { state: [output], kept: [reset, update, recurrent, candidate] };
  },
  back([dOutput], [reset, update, recurrent, candidate], before) {
    const dBefore = mul(dOutput!, update!);
    const difference = before ? sub(before[0], candidate!) : mul(candidate!, -1);
    const dUpdate = sigmoidGradient(mul(dOutput!, difference), update!);
    const dCandidate = tanhGradient(sub(dOutput!, dBefore), candidate!);
    const dReset = sigmoidGradient(mul(dCandidate, recurrent!), reset!);
    return {
      input: concat([dReset, dUpdate, dCandidate], 1),
      product: concat([dReset, dUpdate, mul(dCandidate, reset!)], 1),
      state: [dBefore],
    };
  },
};
