import {
  add,
  matMul,
  reshape,
  slice,
  stack,
  sum,
  unstack,
  zerosLike,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';

import { notedByExample } from '../../engine/per-example/collector.js';
import { explicitGradients, productGradients } from '../../engine/per-example/example-gradients.js';
import { withCustomGradient } from '../../engine/tracing/custom-gradient.js';
import type { CellState, RecurrentCell } from './recurrent-cell.js';

/** The recurrent weights of a cell. */
export interface RecurrentWeights {
  /** [units, gates · units] */
  kernel: Tensor;
  /** [units]; undefined for cells without one. */
  productBias?: Tensor | undefined;
}

/** How a sequence is processed. */
export interface Direction {
  /** From the last step to the first. */
  backwards: boolean;
  /** Which outputs to return: those of all steps, or that of the last one. */
  outputs: 'all' | 'last';
}

/**
 * Runs a recurrent cell over a sequence, from a zero state. The gradient is backpropagation through time (Werbos, 1990): the gradient of
 * the recurrent kernel is a single matrix product over all steps, instead of a sum of one per step.
 *
 * @param inputs [n, length, gates · units], already multiplied with the input kernel
 * @returns [n, length, units] in the order of the inputs, or [n, units]
 */
export function recurrence(
  cell: RecurrentCell,
  inputs: Tensor,
  { kernel, productBias }: RecurrentWeights,
  { backwards, outputs }: Direction,
): Tensor {
  const inOrder = <Element>(elements: readonly Element[]): readonly Element[] =>
    backwards ? elements.toReversed() : elements;
  const forward = ([x, u, bias]: readonly Tensor[], keep: (tensors: Tensor[]) => void): Tensor => {
    const steps = inOrder(unstack(x!, 1)).reduce<Step[]>((done, input) => {
      const before = done.at(-1)?.state;
      const product = before && matMul(before[0] as Tensor2D, u as Tensor2D);
      return [...done, cell.step(input, product, before, bias)];
    }, []);
    keep([u!, ...steps.flatMap(({ state, kept }) => [...state, ...kept])]);
    const results = steps.map(({ state }) => state[0]);
    return outputs === 'last' ? results.at(-1)!.clone() : stack([...inOrder(results)], 1);
  };
  const gradient = (dy: Tensor, [u, ...kept]: readonly Tensor[]): Tensor[] => {
    const steps = stepsOf(cell, kept, inputs.shape[1]!);
    const wanted = outputs === 'last' ? [] : inOrder(unstack(dy, 1));
    const back = backThroughTime(cell, steps, u!, (step) =>
      outputs === 'last' ? (step === steps.length - 1 ? dy : undefined) : wanted[step],
    );
    const dProducts = stack(
      back.map(({ product }) => product),
      1,
    ) as Tensor3D;
    const [first] = steps;
    const outputsBefore = stack(
      [zerosLike(first!.state[0]), ...steps.slice(0, -1).map(({ state }) => state[0])],
      1,
    ) as Tensor3D;
    const dKernel =
      notedByExample(u!, ({ parameter, hold }) => {
        const [before, products] = [hold(outputsBefore), hold(dProducts)];
        return () => productGradients(before, products, parameter.shape);
      }) ?? matMul(rowsOf(outputsBefore), rowsOf(dProducts), true);
    const dInputs = stack([...inOrder(back.map(({ input }) => input))], 1);
    return [dInputs, dKernel, ...(productBias ? [biasGradient(dProducts, productBias)] : [])];
  };
  return withCustomGradient({ forward, gradient }, inputs, kernel, ...(productBias ? [productBias] : []));
}

interface Step {
  readonly state: CellState;
  readonly kept: readonly Tensor[];
}

/** Restores the steps from the saved tensors. */
function stepsOf({ keeps }: RecurrentCell, tensors: readonly Tensor[], count: number): Step[] {
  const size = tensors.length / count;
  return Array.from({ length: count }, (_, step) => {
    const own = tensors.slice(step * size, (step + 1) * size);
    return { state: own.slice(0, size - keeps) as unknown as CellState, kept: own.slice(size - keeps) };
  });
}

/** The gradients of the steps, from the last to the first, in the order of the steps. */
function backThroughTime(
  cell: RecurrentCell,
  steps: readonly Step[],
  kernel: Tensor,
  wanted: (step: number) => Tensor | undefined,
): { input: Tensor; product: Tensor }[] {
  let carried: readonly (Tensor | undefined)[] = [];
  const back: { input: Tensor; product: Tensor }[] = [];
  for (let step = steps.length - 1; step >= 0; step--) {
    const [later, ...rest] = carried;
    const { input, product, state } = cell.back(
      [added(wanted(step), later), ...rest],
      steps[step]!.kept,
      steps[step - 1]?.state,
    );
    back.push({ input, product });
    if (step === 0) break;
    const throughProduct = matMul(product as Tensor2D, kernel as Tensor2D, false, true);
    carried = [added(throughProduct, state[0]), ...state.slice(1)];
  }
  return back.reverse();
}

function added(first: Tensor | undefined, second: Tensor | undefined): Tensor | undefined {
  return first && second ? add(first, second) : (first ?? second);
}

/** The steps of all examples as one matrix, with the rows of an example next to each other. */
function rowsOf(steps: Tensor3D): Tensor2D {
  const [examples, length, size] = steps.shape;
  return reshape(steps, [examples * length, size]);
}

/** The gradient of the last gate's bias. */
function biasGradient(dProducts: Tensor3D, bias: Tensor): Tensor {
  const noted = notedByExample(bias, ({ parameter, hold }) => {
    const products = hold(dProducts);
    return () => explicitGradients(lastGate(sum(products, 1), bias), parameter.shape);
  });
  return noted ?? reshape(lastGate(sum(rowsOf(dProducts), 0, true), bias), bias.shape);
}

function lastGate(sums: Tensor, { size }: Tensor): Tensor {
  const [rows, width] = sums.shape as [number, number];
  return slice(sums, [0, width - size], [rows, size]);
}
