import { tensor, variable, zeros, type Tensor, type Variable } from '@tensorflow/tfjs-core';

import { loadFloats, storeFloats, type StoredTensor } from '../artifacts/safetensors.js';
import { shortened } from '../core/format.js';
import { Random } from '../core/random.js';
import type { Model, ParameterSpec } from './model.js';

const PARAMETERS = 'parameters/';
const OPTIMIZER = 'optimizer/';
/** The weights that training continues with, if `parameters/` holds their average. */
const TRAINING = 'training/';

/** A parameter and its optimiser state, on the device. */
export interface TrainedParameter {
  readonly spec: ParameterSpec;
  readonly value: Variable;
  readonly slots: readonly Variable[];
  /** The moving average of its values, which replaces them after training. */
  readonly average?: Variable;
}

/** All variables of a model and its training, on the device, by their names in a checkpoint. */
export class TrainingVariables {
  readonly parameters: readonly TrainedParameter[];
  /** The seed of the initial parameters and of training, also when it is resumed. */
  readonly seed: number;
  readonly #slotNames: readonly string[];

  /**
   * Initialises the parameters from the seed, and the optimiser state with zeros.
   *
   * @param areAveraged whether to keep a moving average of each parameter that changes, including normalisation statistics, so that these
   *   match the averaged weights
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

  /** The current values of the parameters, by name. */
  values(): ReadonlyMap<string, Variable> {
    return new Map(this.parameters.map(({ spec, value }) => [spec.name, value]));
  }

  /** The values to use after training, by name: the averages, if there are any. */
  finalValues(): ReadonlyMap<string, Variable> {
    return new Map(this.parameters.map(({ spec, value, average }) => [spec.name, average ?? value]));
  }

  /** Reads all variables from the device, for a checkpoint. */
  async store(): Promise<Map<string, StoredTensor>> {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, held] of this.#named()) {
      tensors.set(name, storeFloats(await held.data<'float32'>(), held.shape));
    }
    return tensors;
  }

  /**
   * Loads tensors of a checkpoint into the variables.
   *
   * @param what everything, to resume a run, or only the parameters, to use or fine-tune a model
   * @param isWanted selects parameters by name; the others keep their values
   * @returns what does not match, for a message, or undefined on success
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
    // Averages start at the weights.
    for (const { spec, value, average } of this.parameters) {
      if (average) assignStored(value, tensors.get(`${PARAMETERS}${spec.name}`)!);
    }
    return undefined;
  }

  /** Frees the variables. */
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
 * Why the tensors of a checkpoint are not a model's parameters, for a message; undefined if they are: names, types and shapes are the
 * model's, and no value is NaN or infinite.
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
  if (stored.type !== 'F32') return `its ${name} has type ${stored.type}, expected F32`;
  if (stored.shape.join() === shape.join()) return undefined;
  return `its ${name} has shape [${stored.shape.join(', ')}], expected [${shape.join(', ')}]`;
}

/** A model's parameters with stored values that `misfitOf` has checked; skips computing the initial values. */
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
