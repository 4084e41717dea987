import { concat, type Tensor } from '@tensorflow/tfjs-core';

import { initializers, type InitializerName } from '../initializers.js';
import type { ParameterSpec } from '../model.js';
import { sumOfCosts } from '../pass-cost.js';
import { dense } from './dense.js';
import { gruCell } from './gru-cell.js';
import { costOf, valueOf, type Layer, type SequenceShape } from './layer.js';
import { lstmCell } from './lstm-cell.js';
import { recurrence } from './recurrence.js';
import type { RecurrentCell } from './recurrent-cell.js';

const cells = { lstm: lstmCell, gru: gruCell } as const satisfies Record<string, RecurrentCell>;

export type CellName = keyof typeof cells;

export const cellNames = Object.keys(cells) as [CellName, ...CellName[]];

/** The operations of a cell, including its product. */
const OPERATIONS_PER_STEP = 14;

export interface RecurrentOptions {
  name: string;
  inputShape: SequenceShape;
  cell: CellName;
  units: number;
  /** Whether to run in both directions and concatenate the outputs. */
  bidirectional: boolean;
  /** The outputs of all steps, or only that of the last one in each direction. */
  outputs: 'all' | 'last';
  initializer: InitializerName;
}

/** A recurrent layer: [length, width] to [length, units] or [units]; twice as wide if bidirectional. */
export function recurrent(options: RecurrentOptions): Layer {
  const { name, inputShape, bidirectional, units, outputs } = options;
  const width = units * (bidirectional ? 2 : 1);
  const outputShape = outputs === 'all' ? [inputShape[0], width] : [width];
  const there = oneWay(bidirectional ? `${name}/forwards` : name, options, false);
  if (!bidirectional) return { ...there, outputShape };
  const back = oneWay(`${name}/backwards`, options, true);
  return {
    outputShape,
    parameters: [...there.parameters, ...back.parameters],
    cost: sumOfCosts([costOf(there), costOf(back)]),
    apply: (input, values) => concat([there.apply(input, values), back.apply(input, values)], -1),
  };
}

function oneWay(
  name: string,
  { inputShape: [length, width], cell: cellName, units, outputs, initializer }: RecurrentOptions,
  backwards: boolean,
): Layer {
  const cell: RecurrentCell = cells[cellName];
  const size = cell.gates * units;
  const start = initializers[initializer];
  // One matrix product for the inputs of all steps.
  const projection = dense({ name, inputs: width, units: size, initializer, leading: [length] });
  const [inputKernel, bias] = projection.parameters as [ParameterSpec, ParameterSpec];
  const kernel = `${name}/recurrent-kernel`;
  const productBias = `${name}/recurrent-bias`;
  const parameters: ParameterSpec[] = [
    inputKernel,
    cellName === 'lstm' ? rememberingAtFirst(bias, units) : bias,
    {
      name: kernel,
      shape: [units, size],
      initialValue: (random) => start.kernel(random, units * size, units, units),
    },
  ];
  if (cell.hasProductBias) {
    parameters.push({
      name: productBias,
      shape: [units],
      initialValue: (random) => start.bias(random, units, units),
    });
  }
  return {
    outputShape: [],
    parameters,
    cost: {
      numbers: length * units * (2 * cell.gates + cell.keeps + 4),
      operations: length * OPERATIONS_PER_STEP,
    },
    apply: (input: Tensor, values) =>
      recurrence(
        cell,
        projection.apply(input, values),
        {
          kernel: valueOf(values, kernel),
          productBias: cell.hasProductBias ? valueOf(values, productBias) : undefined,
        },
        { backwards, outputs },
      ),
  };
}

/**
 * Initialises the bias of an LSTM's forget gate, the second of four, with 1, so that it remembers at first (Jozefowicz, Zaremba and
 * Sutskever, "An empirical exploration of recurrent network architectures", 2015).
 */
function rememberingAtFirst(bias: ParameterSpec, units: number): ParameterSpec {
  return { ...bias, initialValue: (random) => bias.initialValue(random).fill(1, units, 2 * units) };
}
