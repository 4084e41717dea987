import { keep, type DataId, type Tensor, type Variable } from '@tensorflow/tfjs-core';

import type { ExampleGradients } from './example-gradients.js';

/** The pass over a batch whose gradients are kept apart by example; there is none outside of one. */
let current: Collector | undefined;

/** Gives the gradients of a parameter after the backward pass; undefined where they are not known for the way that it is used. */
export type FoundGradients = () => ExampleGradients | undefined;

/** Notes, during a backward pass, how each parameter's gradient comes from the examples of the batch. */
export class Collector {
  readonly examples: number;
  readonly #parameters: ReadonlyMap<DataId, Variable>;
  readonly #noted = new Map<Variable, FoundGradients[]>();
  readonly #kept: Tensor[] = [];

  constructor(parameters: readonly Variable[], examples: number) {
    this.examples = examples;
    this.#parameters = new Map(parameters.map((parameter) => [parameter.dataId, parameter]));
  }

  /** Calls a function whose backward pass this collector notes. */
  during<Result>(run: () => Result): Result {
    if (current) throw new Error('passes with gradients by example cannot be nested');
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the backward pass is tfjs's, which hands nothing on
    current = this;
    try {
      return run();
    } finally {
      current = undefined;
    }
  }

  /** The parameter that a tensor, as tfjs saves it for a gradient, is the value of. */
  parameterOf(saved: Tensor): Variable | undefined {
    const parameter = this.#parameters.get(saved.dataId);
    // The same data in another shape have been reshaped, which no rule here knows of.
    return parameter?.shape.join() === saved.shape.join() ? parameter : undefined;
  }

  note(parameter: Variable, gradients: FoundGradients): void {
    this.#noted.set(parameter, [...(this.#noted.get(parameter) ?? []), gradients]);
  }

  /** A tensor that outlives the backward pass, until `dispose`. */
  hold<Kind extends Tensor>(tensor: Kind): Kind {
    const held = keep(tensor.clone());
    this.#kept.push(held);
    return held;
  }

  /** The gradients of a parameter, after the backward pass; undefined unless it was used once, in a way that is known. */
  gradientsOf(parameter: Variable): ExampleGradients | undefined {
    const noted = this.#noted.get(parameter) ?? [];
    return noted.length === 1 ? noted[0]!() : undefined;
  }

  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
  }
}

/** What is noted of a use of a parameter. */
export interface Noted {
  parameter: Variable;
  /** The number of examples. */
  examples: number;
  /** Keeps a tensor until the gradients are weighted. */
  hold: <Kind extends Tensor>(tensor: Kind) => Kind;
}

/**
 * Inside a pass whose gradients are kept apart by example: notes those of a parameter, and returns what stands in for its gradient until
 * they are weighted. Undefined outside of such a pass, and for tensors that are no parameters.
 *
 * @param saved what may be a parameter's value
 * @param find is called during the backward pass, and what it returns after it
 */
export function notedByExample(saved: Tensor, find: (noted: Noted) => FoundGradients): Tensor | undefined {
  const collector = current;
  const parameter = collector?.parameterOf(saved);
  if (!collector || !parameter) return undefined;
  const { examples } = collector;
  collector.note(parameter, find({ parameter, examples, hold: (tensor) => collector.hold(tensor) }));
  // Costs nothing, and can be told from any gradient that was computed.
  return parameter.clone();
}
