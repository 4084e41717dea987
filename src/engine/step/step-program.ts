import type { OperationAttribute } from '#tensorflow-kernels';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { EagerBinding } from '../../tensorflow/backend/eager-binding.js';
import { AttributeType } from '../../tensorflow/c-api/data-types.js';
import { GraphFunction } from '../../tensorflow/backend/graph-function.js';
import { encodeSessionConfig } from '../../tensorflow/c-api/session-config.js';
import type { UsedOptimizers } from './optimizers.js';
import { stepGraph } from './step-graph.js';
import { shareTensor, type Eager, type StepTrace } from './step-trace.js';
import { assemble, type Structure } from './structure.js';

/**
 * A step as one operation of TensorFlow's eager mode. Variables are tensors like all others: their values go in, and their new values
 * come out, so that tfjs's variables are up to date after each call.
 */
export class StepProgram {
  readonly #binding: EagerBinding;
  readonly #function: GraphFunction;
  readonly #attributes: OperationAttribute[];
  /** Copies of the tensors that the step takes from its surroundings, which their owner may dispose of. */
  readonly #captured: readonly number[];
  /** The variables whose values the step takes. */
  readonly #read: readonly Variable[];
  readonly #assigned: readonly Variable[];
  readonly #structure: Structure;
  readonly #resultCount: number;
  readonly #optimizers: UsedOptimizers;

  /** Throws TENSORFLOW_FAILED where TensorFlow refuses the graph, and STEP_NOT_TRACEABLE. */
  constructor({ binding }: Eager, trace: StepTrace, optimizers: UsedOptimizers) {
    const { definition, inputs, outputs, captured, read } = stepGraph(trace);
    this.#binding = binding;
    this.#function = new GraphFunction(binding.context, definition, inputs, outputs);
    binding.addFunction(this.#function.name, inputs.length);
    this.#attributes = precisionOf(binding);
    this.#captured = captured.map((id) => shareTensor(binding, id).id);
    this.#read = read.map((id) => trace.variables.get(id)!);
    this.#assigned = [...trace.assigned.keys()];
    this.#structure = trace.structure;
    this.#resultCount = trace.results.length;
    this.#optimizers = optimizers;
  }

  /** Whether it was recorded with other settings of an optimiser than those of now. */
  isOutdated(): boolean {
    return this.#optimizers.haveChanged();
  }

  /** Runs the step on other tensors of the types and shapes that it was recorded with. */
  run({ backend, binding }: Eager, tensors: readonly Tensor[]): unknown {
    for (const variable of [...this.#read, ...this.#assigned]) requireVariable(variable);
    const inputs = [
      ...backend.getInputTensorIds([...tensors]),
      ...this.#captured,
      ...backend.getInputTensorIds([...this.#read]),
    ];
    const count = this.#resultCount + this.#assigned.length;
    const outputs = binding.executeOp(this.#function.name, this.#attributes, inputs, count);
    this.#assigned.forEach((variable, index) => {
      const value = backend.createOutputTensor(outputs[this.#resultCount + index]!);
      variable.assign(value);
      value.dispose();
    });
    this.#optimizers.countStep();
    const results = outputs.slice(0, this.#resultCount);
    return assemble(
      this.#structure,
      results.map((output) => backend.createOutputTensor(output)),
    );
  }

  /** Gives back what it holds of TensorFlow. */
  dispose(): void {
    for (const id of this.#captured) this.#binding.deleteTensor(id);
    this.#binding.forgetFunction(this.#function.name);
    this.#function.remove();
  }
}

/** The precision is that of the time when a program is made; the eager mode knows one alone. */
function precisionOf({ context }: EagerBinding): OperationAttribute[] {
  if (context.config.mixedPrecision !== true) return [];
  return [{ name: 'config_proto', type: AttributeType.STRING, value: encodeSessionConfig(context.config) }];
}

function requireVariable(variable: Variable): void {
  if (!variable.isDisposed) return;
  throw new ToolkitError('USAGE', {
    message: `the variable ${variable.name} of a compiled step has been disposed of`,
    hint: 'dispose of the variables of a step after the step',
  });
}
