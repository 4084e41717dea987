import { add, concat, mul, sigmoid, split, tanh, zerosLike, type Tensor } from '@tensorflow/tfjs-core';

import { sigmoidGradient, tanhGradient } from '../../engine/tracing/operations.js';
import type { RecurrentCell } from './recurrent-cell.js';

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997; with the forget gate of Gers, Schmidhuber and Cummins, "Learning to forget",
 * 2000): with gates i, f, o and the candidate g, the memory is c = f · c' + i · g and the output h = o · tanh(c). The order of the gates is
 * PyTorch's: i, f, g, o.
 */
export const lstmCell: RecurrentCell = {
  gates: 4,
  keeps: 5,
  hasProductBias: false,
  step(input, product, before) {
    const [i, f, g, o] = split(product ? add(input, product) : input, 4, 1) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [entrance, forget, exit] = [sigmoid(i), sigmoid(f), sigmoid(o)];
    const candidate = tanh(g);
    const written = mul(entrance, candidate);
    const memory = before ? add(mul(forget, before[1]!), written) : written;
    const shown = tanh(memory);
    return { state: [mul(exit, shown), memory], kept: [entrance, forget, candidate, exit, shown] };
  },
  back([dOutput, dMemory], [entrance, forget, candidate, exit, shown], before) {
    const dShown = tanhGradient(mul(dOutput!, exit!), shown!);
    const dc = dMemory ? add(dMemory, dShown) : dShown;
    const gates = [
      sigmoidGradient(mul(dc, candidate!), entrance!),
      before ? sigmoidGradient(mul(dc, before[1]!), forget!) : zerosLike(dc),
      tanhGradient(mul(dc, entrance!), candidate!),
      sigmoidGradient(mul(dOutput!, shown!), exit!),
    ];
    const input = concat(gates, 1);
    return { input, product: input, state: [undefined, mul(dc, forget!)] };
  },
};
