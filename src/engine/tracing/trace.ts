import { dispose, engine, tidy, type Tensor, type Variable } from '@tensorflow/tfjs-core';

import { EagerBinding } from '../../tensorflow/backend/eager-binding.js';
import { RecordingBinding, type Recording } from '../../tensorflow/backend/recording-binding.js';
import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';

/** What a function of tensors did when it ran: a program without control flow. Tensors are known by number. */
export interface Trace extends Recording {
  /** The tensors it was called with. */
  readonly parameters: readonly number[];
  /** The tensors it returned. */
  readonly results: readonly number[];
  /** Every variable there is, by the number of its value before the function ran. */
  readonly variables: ReadonlyMap<number, Variable>;
  /** The variables that have another value since, and the number of that value. */
  readonly assigned: ReadonlyMap<Variable, number>;
}

/**
 * Runs a function on the TensorFlow backend and writes down what it does. Variables have their values back afterwards. Throws
 * STEP_NOT_TRACEABLE for what cannot be written down.
 *
 * @param inputs what it is called with; the caller keeps them
 */
export function trace(
  run: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
): Trace {
  const backend = tensorFlowBackend();
  const eager = backend?.binding;
  if (!backend || !(eager instanceof EagerBinding)) throw new Error('only TensorFlow can be recorded');
  const numberOf = (tensor: Tensor): number => backend.getInputTensorIds([tensor])[0] ?? -1;

  const held = Object.values(engine().registeredVariables);
  const saved = held.map((variable) => variable.clone());
  const variables = new Map(held.map((variable) => [numberOf(variable), variable]));
  if (variables.size < held.length) throw new Error('two variables share their values');
  const parameters = inputs.map(numberOf);
  const recorder = new RecordingBinding(eager, [...variables.keys(), ...parameters]);
  backend.binding = recorder;
  try {
    let result: Trace | undefined;
    tidy(() => {
      const returned = run(inputs);
      const results = returned.map(numberOf);
      const assigned = new Map<Variable, number>();
      held.forEach((variable, index) => {
        if (variable.dataId !== saved[index]!.dataId) assigned.set(variable, numberOf(variable));
      });
      const recording = recorder.finish([...results, ...assigned.values()]);
      result = { ...recording, parameters, results, variables, assigned };
      // Results may have been kept from `tidy`.
      dispose(returned.filter((tensor) => ![...inputs, ...held].includes(tensor)));
    });
    return result!;
  } finally {
    backend.binding = eager;
    recorder.dispose();
    held.forEach((variable, index) => {
      if (variable.dataId !== saved[index]!.dataId) variable.assign(saved[index]!);
    });
    dispose(saved);
  }
}

/** The variables that a trace reads or changes, by their numbers in it. */
export function usedVariables({ operations, variables, assigned, results }: Trace): Map<number, Variable> {
  const used = new Set([...operations.flatMap(({ inputs }) => inputs), ...assigned.values(), ...results]);
  return new Map([...variables].filter(([id, variable]) => used.has(id) || assigned.has(variable)));
}

/** The variables that a trace changes. */
export function changedVariables({ operations, variables, assigned }: Trace): Variable[] {
  const inPlace = operations.flatMap(({ inputs, changes }) => inputs.slice(0, changes));
  return [...new Set([...assigned.keys(), ...inPlace.map((id) => variables.get(id)!)])];
}
