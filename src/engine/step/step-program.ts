import type { Tensor, Variable } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { EagerBinding } from '../../tensorflow/backend/eager-binding.js';
import { GraphFunction } from '../../tensorflow/backend/graph-function.js';
import { GraphSession } from '../../tensorflow/backend/graph-session.js';
import type { UsedOptimizers } from './optimizers.js';
import { stepGraph, type StepGraph } from './step-graph.js';
import { shareTensor, type Eager, type StepTrace } from './step-trace.js';
import { assemble, type Structure } from './structure.js';

/**
 * A step as one operation of TensorFlow's eager mode. Variables are tensors like all others: their values go in, and their new values
 * come out, so that tfjs's variables are up to date after each call.
 */
export class StepProgram {
  readonly #binding: EagerBinding;
  readonly #graph: GraphFunction | GraphSession;
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
    const graph = stepGraph(trace, coresOf(binding));
    const { captured, read } = graph;
    this.#binding = binding;
    this.#graph = runnable(binding, graph);
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
  run({ backend }: Eager, tensors: readonly Tensor[]): unknown {
    for (const variable of [...this.#read, ...this.#assigned]) requireVariable(variable);
    const inputs = [
      ...backend.getInputTensorIds([...tensors]),
      ...this.#captured,
      ...backend.getInputTensorIds([...this.#read]),
    ];
    const outputs = this.#graph.run(inputs);
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
    this.#graph.remove();
  }
}

/** A GPU computes a batch as a whole. */
function coresOf({ context }: EagerBinding): number {
  return context.usesGpu ? 1 : context.config.threads;
}

/** Where parts of a batch are computed at once, each has one thread: two that share theirs would be in each other's way. */
function runnable(
  binding: EagerBinding,
  { definition, inputs, outputs, shards }: StepGraph,
): GraphFunction | GraphSession {
  if (shards === 1) return new GraphFunction(binding, definition, inputs, outputs);
  const config = { ...binding.context.config, threads: 1, schedulingThreads: shards };
  return new GraphSession(binding, definition, inputs, outputs, config);
}

function requireVariable(variable: Variable): void {
  if (!variable.isDisposed) return;
  throw new ToolkitError('USAGE', {
    message: `the variable ${variable.name} of a compiled step has been disposed of`,
    hint: 'dispose of the variables of a step after the step',
  });
}
