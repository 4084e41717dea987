import { tensor, variable, zeros, type Tensor, type Variable } from '@tensorflow/tfjs-core';

import { loadFloats, storeFloats, type StoredTensor } from '../artifacts/safetensors.js';
import { shortened } from '../core/format.js';
import { Random } from '../core/random.js';
import type { Model, ParameterSpec } from './model.js';

const PARAMETERS = 'parameters/';
const OPTIMIZER = 'optimizer/';
/** The weights that training goes on with, where those to be used are their average. */
const TRAINING = 'training/';

/** A parameter and the optimiser's state of it, on the device. */
export interface TrainedParameter {
  readonly spec: ParameterSpec;
  readonly value: Variable;
  readonly slots: readonly Variable[];
  /** The moving average of its values, which is used in place of them after training. */
  readonly average?: Variable;
}

/** Everything that a model and its training hold, on the device, with its names in a checkpoint. */
export class TrainingVariables {
  readonly parameters: readonly TrainedParameter[];
  /** What the parameters started from, and what training draws from when it is resumed as well. */
  readonly seed: number;
  readonly #slotNames: readonly string[];

  /**
   * Parameters start as their model says, drawing from the seed; the optimiser's state starts at zero.
   *
   * @param areAveraged whether there is a moving average of each parameter that changes: of those too that training changes otherwise
   *   than by a gradient, such as the statistics of a normalisation, so that they are as old as the weights that they belong to
   */
  constructor({ parameters }: Model, slotNames: readonly string[], seed: number, areAveraged = false) {
    this.seed = seed;
    this.#slotNames = slotNames;
    this.parameters = parameters.map((spec, index) => {
      const initial = spec.initialValue(new Random(seed, 'initial-weights', index));
      return {
        spec,
        value: makeVariable(initial, spec.shape),
        slots: (spec.isFixed ? [] : slotNames).map(() => takeOver(zeros([...spec.shape]))),
        ...(areAveraged && !spec.isConstant && { average: makeVariable(initial, spec.shape) }),
      };
    });
  }

  /** The parameters that training changes. */
  get trained(): readonly TrainedParameter[] {
    return this.parameters.filter(({ spec }) => !spec.isFixed);
  }

  /** The parameters' present values, by name. */
  values(): ReadonlyMap<string, Variable> {
    return new Map(this.parameters.map(({ spec, value }) => [spec.name, value]));
  }

  /** The values to use after training, by name: the averages, where there are any. */
  finalValues(): ReadonlyMap<string, Variable> {
    return new Map(this.parameters.map(({ spec, value, average }) => [spec.name, average ?? value]));
  }

  /** Reads everything from the device, as a checkpoint stores it. */
  async store(): Promise<Map<string, StoredTensor>> {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, held] of this.#named()) {
      tensors.set(name, storeFloats(await held.data<'float32'>(), held.shape));
    }
    return tensors;
  }

  /**
   * Puts stored tensors in place of the present values.
   *
   * @param tensors as a checkpoint holds them
   * @param what everything, to continue a run, or the parameters alone, to use or fine-tune a model
   * @param isWanted which parameters, by name; the others keep their values
   * @returns what does not fit, for a message, or undefined when all was taken over
   */
  load(
    tensors: ReadonlyMap<string, StoredTensor>,
    what: 'everything' | 'parameters',
    isWanted: (parameter: string) => boolean = () => true,
  ): string | undefined {
    const wanted = this.#named().filter(([name]) =>
      what === 'everything' ? true : name.startsWith(PARAMETERS) && isWanted(name.slice(PARAMETERS.length)),
    );
    for (const [name, held] of wanted) {
      const misfit = misfitOfTensor(name, held.shape, tensors);
      if (misfit !== undefined) return misfit;
    }
    for (const [name, held] of wanted) assignStored(held, tensors.get(name)!);
    if (what === 'everything') return undefined;
    // Averages begin where the weights do.
    for (const { spec, value, average } of this.parameters) {
      if (average) assignStored(value, tensors.get(`${PARAMETERS}${spec.name}`)!);
    }
    return undefined;
  }

  dispose(): void {
    for (const [, held] of this.#named()) held.dispose();
  }

  #named(): [string, Variable][] {
    return this.parameters.flatMap(({ spec, value, average, slots }) => [
      [`${PARAMETERS}${spec.name}`, average ?? value] as [string, Variable],
      ...(average ? [[`${TRAINING}${spec.name}`, value] as [string, Variable]] : []),
      ...slots.map((slot, index): [string, Variable] => [
        `${OPTIMIZER}${spec.name}/${this.#slotNames[index]!}`,
        slot,
      ]),
    ]);
  }
}

/**
 * Why stored tensors are not a model's parameters, for a message; undefined where they are: their names, types and shapes are the model's,
 * and they hold numbers alone, neither NaN nor infinities.
 *
 * @param tensors as a checkpoint holds them
 */
export function misfitOf(
  specs: readonly ParameterSpec[],
  tensors: ReadonlyMap<string, StoredTensor>,
): string | undefined {
  const names = new Set(specs.map(({ name }) => `${PARAMETERS}${name}`));
  for (const { name, shape } of specs) {
    const misfit = misfitOfTensor(`${PARAMETERS}${name}`, shape, tensors);
    if (misfit !== undefined) return misfit;
  }
  const other = [...tensors.keys()].find((name) => name.startsWith(PARAMETERS) && !names.has(name));
  if (other !== undefined) return `its ${shortened(other)} is not part of the model`;
  const useless = [...names].find((name) => !loadFloats(tensors.get(name)!).every(Number.isFinite));
  return useless && `its ${useless} holds values that are not numbers`;
}

function misfitOfTensor(
  name: string,
  shape: readonly number[],
  tensors: ReadonlyMap<string, StoredTensor>,
): string | undefined {
  const stored = tensors.get(name);
  if (!stored) return `it has no ${name}`;
  if (stored.type !== 'F32') return `its ${name} holds ${stored.type}, and F32 is needed`;
  if (stored.shape.join() === shape.join()) return undefined;
  return `its ${name} is [${stored.shape.join(', ')}], and [${shape.join(', ')}] is needed`;
}

/** A model's parameters with stored values, which `misfitOf` found to fit: without computing the values that training starts from. */
export function storedVariables(model: Model, tensors: ReadonlyMap<string, StoredTensor>): TrainingVariables {
  const parameters = model.parameters.map((spec) => ({
    ...spec,
    initialValue: () => loadFloats(tensors.get(`${PARAMETERS}${spec.name}`)!),
  }));
  return new TrainingVariables({ ...model, parameters }, [], 0);
}

function assignStored(held: Variable, stored: StoredTensor): void {
  const value = tensor(loadFloats(stored), held.shape);
  held.assign(value);
  value.dispose();
}

function makeVariable(values: Float32Array, shape: readonly number[]): Variable {
  return takeOver(tensor(values, [...shape]));
}

function takeOver(initial: Tensor): Variable {
  const made = variable(initial);
  initial.dispose();
  return made;
}
