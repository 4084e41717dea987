import { dispose, engine, tidy, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '#tensorflow-kernels';

import { EagerBinding } from '../../tensorflow/backend/eager-binding.js';
import { RecordingBinding, type Recording } from '../../tensorflow/backend/recording-binding.js';
import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { attribute } from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { useOwnGradients } from '../tracing/gradients.js';
import { refuse, refuseResult } from './refusal.js';
import { assemble, flatten, type Flattened, type Structure } from './structure.js';
import { requireNoTrace, watch } from './watch.js';

/** A function of tensors that may change variables. */
export type Step = (...values: never[]) => unknown;

/** What a step did when it ran: a program without control flow. Tensors are known by the binding's numbers. */
export interface StepTrace extends Recording {
  /** The tensors it was called with. */
  readonly parameters: readonly number[];
  /** The type and shape of what goes in and out: arguments, results and new values of variables. */
  readonly types: ReadonlyMap<number, TypeAndShape>;
  /** Every variable there was, by the number of its value before. */
  readonly variables: ReadonlyMap<number, Variable>;
  /** The variables that have another value since, and the number of that value. */
  readonly assigned: ReadonlyMap<Variable, number>;
  /** The tensors it returned, and the value in which they stand. */
  readonly results: readonly number[];
  readonly structure: Structure;
  /** Tensors with a smaller number were there before the step ran. */
  readonly firstOwn: number;
}

/** TensorFlow's number for the type of a tensor, and its shape. */
export type TypeAndShape = ReturnType<EagerBinding['typeAndShapeOf']>;

/** TensorFlow as tfjs's backend, when nothing is being recorded. */
export interface Eager {
  readonly backend: NodeJSKernelBackend;
  readonly binding: EagerBinding;
}

/** TensorFlow as tfjs's backend; undefined where that is another one, or a step is being recorded. */
export function eagerTensorFlow(): Eager | undefined {
  const backend = tensorFlowBackend();
  const binding = backend?.binding;
  return backend && binding instanceof EagerBinding ? { backend, binding } : undefined;
}

/**
 * Runs a step for its effects and its result, once: what it makes when it is first called, such as the state of an optimiser, is
 * there when it is recorded. Throws what it throws; the caller then restores the variables.
 */
export function runFirst(eager: Eager, held: HeldVariables, step: Step, given: Flattened): unknown {
  const { returned, isOwn } = record(eager, held, step, given, ({ tensors }, isOwn) =>
    tensors.map((tensor) => (isOwn(tensor) && !tensor.kept ? tensor : tensor.clone())),
  );
  dispose(returned.tensors.filter((tensor) => isOwn(tensor) && tensor.kept));
  return assemble(returned.structure, returned.handedOut);
}

/** Runs a step and writes down what it does. Variables have their values back afterwards. Throws STEP_NOT_TRACEABLE. */
export function traceStep(eager: Eager, step: Step, given: Flattened): StepTrace {
  const held = new HeldVariables(eager);
  try {
    const { trace, returned, isOwn } = record(eager, held, step, given, () => []);
    // Those that `tidy` has left: the step has kept them.
    dispose(returned.tensors.filter((tensor) => !tensor.isDisposed && isOwn(tensor)));
    held.requireNoneNew();
    return trace;
  } finally {
    held.restore();
    held.forget();
  }
}

/** A step that has just run. */
interface Ran {
  readonly trace: StepTrace;
  readonly returned: Flattened & { readonly handedOut: readonly Tensor[] };
  /** Whether a tensor was made by the step. */
  readonly isOwn: (tensor: Tensor) => boolean;
}

/** @param handOut the tensors that outlive the step, by those that it returned */
function record(
  { backend, binding }: Eager,
  held: HeldVariables,
  step: Step,
  given: Flattened,
  handOut: (returned: Flattened, isOwn: Ran['isOwn']) => Tensor[],
): Ran {
  useOwnGradients();
  const numberOf = (tensor: Tensor): number => backend.getInputTensorIds([tensor])[0] ?? -1;
  // Copies: one tensor may be given twice, or be a variable's value too, and what is asked of it has to be told apart.
  const copies = given.tensors.map((tensor) => copyOf({ backend, binding }, tensor));
  const parameters = copies.map(numberOf);
  const firstOwn = nextNumber(binding);
  const own = new Set<Tensor>();
  const isOwn = (tensor: Tensor): boolean => own.has(tensor);
  const recorder = new RecordingBinding(binding, [], firstOwn);
  backend.binding = recorder;
  let ran: Ran | undefined;
  try {
    tidy(() => {
      const values = assemble(given.structure, copies) as never[];
      const { result, watched } = watch(() => step(...values));
      const returned = flatten(result, refuseResult);
      requireNoTrace(watched, returned.tensors);
      if (copies.some((copy) => copy.isDisposed)) refuse('dispose', 'frees an argument of the step');
      const results = returned.tensors.map(numberOf);
      returned.tensors.forEach((tensor, index) => {
        if (results[index]! >= firstOwn) own.add(tensor);
      });
      const assigned = held.assigned(numberOf);
      const recording = recorder.finish([...results, ...assigned.values()]);
      const ends = [...parameters, ...results, ...assigned.values()];
      const types = new Map(ends.map((id) => [id, binding.typeAndShapeOf(id)]));
      const { numbers: variables } = held;
      const trace = { ...recording, ...{ parameters, types, variables, assigned, results, firstOwn } };
      const handedOut = handOut(returned, isOwn);
      ran = {
        trace: { ...trace, structure: returned.structure },
        returned: { ...returned, handedOut },
        isOwn,
      };
      return handedOut;
    });
    return ran!;
  } finally {
    backend.binding = binding;
    dispose(copies.filter((copy) => !copy.isDisposed));
  }
}

/** All variables there are, with their values. */
export class HeldVariables {
  /** The variables by the numbers of their values. */
  readonly numbers = new Map<number, Variable>();
  readonly #saved = new Map<Variable, Tensor>();

  constructor(eager: Eager) {
    for (const variable of Object.values(engine().registeredVariables)) {
      // Variables may share a tensor with each other, or with the one that they were made from.
      const own = copyOf(eager, variable);
      variable.assign(own);
      own.dispose();
      this.numbers.set(eager.backend.getInputTensorIds([variable])[0]!, variable);
      this.#saved.set(variable, variable.clone());
    }
  }

  /** Those that have another value now, and its number. */
  assigned(numberOf: (tensor: Tensor) => number): Map<Variable, number> {
    const changed = [...this.#saved].filter(([variable, value]) => variable.dataId !== value.dataId);
    return new Map(changed.map(([variable]) => [variable, numberOf(variable)]));
  }

  /** Throws STEP_NOT_TRACEABLE where there are others now, and disposes of them. */
  requireNoneNew(): void {
    const made = Object.values(engine().registeredVariables).filter((variable) => !this.#saved.has(variable));
    if (made.length === 0) return;
    dispose(made);
    refuse('tf.variable', 'makes a variable each time: make it outside of the step');
  }

  /** Gives them their values back. */
  restore(): void {
    for (const [variable, value] of this.#saved) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
    }
  }

  forget(): void {
    dispose([...this.#saved.values()]);
  }
}

/** The same values under a number of their own; nothing is copied. */
function copyOf({ backend, binding }: Eager, tensor: Tensor): Tensor {
  const [id = -1] = backend.getInputTensorIds([tensor]);
  return backend.createOutputTensor(shareTensor(binding, id));
}

/** Another tensor of the binding with the values of one. */
export function shareTensor(
  binding: EagerBinding,
  id: number,
): ReturnType<EagerBinding['executeOp']>[number] {
  const { type } = binding.typeAndShapeOf(id);
  return binding.executeOp('Identity', [attribute.type('T', type)], [id], 1)[0]!;
}

/** Numbers are given in order and never again. */
function nextNumber(binding: EagerBinding): number {
  const id = binding.createTensor([], DataType.BOOL, Uint8Array.of(0));
  binding.deleteTensor(id);
  return id + 1;
}
