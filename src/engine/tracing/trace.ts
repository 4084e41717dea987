import { dispose, engine, tidy, type Tensor, type Variable } from '@tensorflow/tfjs-core';

import { EagerBinding } from '../../tensorflow/backend/eager-binding.js';
import { RecordingBinding, type Recording } from '../../tensorflow/backend/recording-binding.js';
import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { useOwnGradients } from './gradients.js';

/** A recorded run of a function of tensors: a program without control flow. Tensors are identified by their ids. */
export interface Trace extends Recording {
  /** The tensors that it was called with. */
  readonly parameters: readonly number[];
  /** The tensors that it returned. */
  readonly results: readonly number[];
  /** All variables, by the id of their value before the run. */
  readonly variables: ReadonlyMap<number, Variable>;
  /** The variables that were assigned, with the id of their new value. */
  readonly assigned: ReadonlyMap<Variable, number>;
}

/**
 * Runs a function on the TensorFlow backend and records its operations; afterwards the variables have their old values again. Throws
 * STEP_NOT_TRACEABLE for what a trace cannot express.
 *
 * @param inputs the arguments; the caller disposes of them
 */
export function trace(
  run: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
): Trace {
  const backend = tensorFlowBackend();
  const eager = backend?.binding;
  if (!backend || !(eager instanceof EagerBinding))
    throw new Error('only the TensorFlow backend can record a trace');
  useOwnGradients();
  const idOf = (tensor: Tensor): number => backend.getInputTensorIds([tensor])[0] ?? -1;

  const held = Object.values(engine().registeredVariables);
  const saved = held.map((variable) => variable.clone());
  const variables = new Map(held.map((variable) => [idOf(variable), variable]));
  if (variables.size < held.length) throw new Error('two variables share their values');
  const parameters = inputs.map(idOf);
  const recorder = new RecordingBinding(eager, [...variables.keys(), ...parameters]);
  backend.binding = recorder;
  try {
    let result: Trace | undefined;
    tidy(() => {
      const returned = run(inputs);
      const results = returned.map(idOf);
      const assigned = new Map<Variable, number>();
      held.forEach((variable, index) => {
        if (variable.dataId !== saved[index]!.dataId) assigned.set(variable, idOf(variable));
      });
      const recording = recorder.finish([...results, ...assigned.values()]);
      result = { ...recording, parameters, results, variables, assigned };
      // `tidy` does not dispose of results that were passed to `keep`.
      dispose(returned.filter((tensor) => ![...inputs, ...held].includes(tensor)));
    });
    return result!;
  } finally {
    backend.binding = eager;
    held.forEach((variable, index) => {
      if (variable.dataId !== saved[index]!.dataId) variable.assign(saved[index]!);
    });
    dispose(saved);
  }
}

/** The variables that a trace reads or updates, by their ids in it. */
export function usedVariables({ operations, variables, assigned, results }: Trace): Map<number, Variable> {
  const used = new Set([...operations.flatMap(({ inputs }) => inputs), ...assigned.values(), ...results]);
  return new Map([...variables].filter(([id, variable]) => used.has(id) || assigned.has(variable)));
}

/** The values that are part of a traced model, by the ids of their tensors: the constants, and what its variables hold now. */
export async function valuesIn(pass: Trace): Promise<ReadonlyMap<number, HostTensor>> {
  const values = new Map(pass.constants);
  for (const [id, variable] of usedVariables(pass)) {
    values.set(id, { type: DataType.FLOAT, shape: variable.shape, values: await variable.data<'float32'>() });
  }
  return values;
}

/** The variables that a trace updates. */
export function changedVariables({ operations, variables, assigned }: Trace): Variable[] {
  const inPlace = operations.flatMap(({ inputs, changes }) => inputs.slice(0, changes));
  return [...new Set([...assigned.keys(), ...inPlace.map((id) => variables.get(id)!)])];
}
