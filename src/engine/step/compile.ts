import { dispose, engine, getBackend } from '@tensorflow/tfjs-core';

import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { recording } from '../../tensorflow/backend/tfjs-backend.js';
import { parseCompileOptions, type CompileOptions } from './options.js';
import { watchOptimizers } from './optimizers.js';
import { refuseArgument } from './refusal.js';
import { requireSameProgram } from './repeatable.js';
import { StepProgram } from './step-program.js';
import { eagerTensorFlow, HeldVariables, runFirst, traceStep, type Eager, type Step } from './step-trace.js';
import { flatten, signatureOf, type Flattened, type Structure } from './structure.js';

/** A step that is compiled: it is called as the function that it was made from. */
export interface CompiledStep<Values extends unknown[], Result> {
  (...values: Values): Result;
  /** How many programs it has at present. */
  readonly programs: number;
  /** Gives back what it holds of TensorFlow; it cannot be called any more. Without this, that happens when nobody refers to it. */
  dispose(): void;
}

/** Programs of steps that nobody refers to any more. */
const forgotten = new FinalizationRegistry<Programs>((programs) => {
  programs.dispose();
});

/** See src/compile.ts. */
export function compile<Values extends unknown[], Result>(
  step: (...values: Values) => Result,
  options: CompileOptions = {},
): CompiledStep<Values, Result> {
  const { eager, programs: limit, name = step.name || 'the step' } = parseCompileOptions(options);
  const programs = new Programs(limit);
  const call = (...values: Values): Result => {
    if (programs.isDisposed) throw disposed(name);
    // What is differentiated or recorded around the step has to see its operations.
    if (eager || engine().state.gradientDepth > 0 || recording()) return step(...values);
    return runCompiled(name, step, programs, values) as Result;
  };
  const compiled = Object.assign(call, {
    dispose: () => {
      programs.dispose();
    },
  });
  forgotten.register(compiled, programs);
  return Object.defineProperty(compiled, 'programs', { get: () => programs.count }) as typeof compiled & {
    programs: number;
  };
}

function runCompiled(name: string, step: Step, programs: Programs, values: unknown[]): unknown {
  const eager = eagerTensorFlow();
  if (!eager) throw otherBackend();
  const given = flatten(values, refuseArgument);
  requireNoNumbers(given.structure);
  const signature = signatureOf(given);
  const program = programs.get(signature);
  if (program && !program.isOutdated()) return program.run(eager, given.tensors);
  try {
    if (!program) return compileFirst(eager, step, programs, signature, given);
    // A setting that is a tensor comes to the device when it is first used: from then on it is one from outside of the step.
    watchOptimizers(() => traceStep(eager, step, given));
    const renewed = makeProgram(eager, step, given);
    programs.set(signature, renewed);
    return renewed.run(eager, given.tensors);
  } catch (error) {
    throw inWordsOfStep(error, name);
  }
}

/** The first call runs the step as it is, and then records it. Where that fails, it is as if there had been no call. */
function compileFirst(
  eager: Eager,
  step: Step,
  programs: Programs,
  signature: string,
  given: Flattened,
): unknown {
  const held = new HeldVariables(eager);
  try {
    const result = runFirst(eager, held, step, given);
    try {
      programs.set(signature, makeProgram(eager, step, given));
    } catch (error) {
      dispose(result as never);
      throw error;
    }
    return result;
  } catch (error) {
    held.restore();
    throw error;
  } finally {
    held.forget();
  }
}

/** Records a step twice, so that nothing gets into the program that changes from call to call. */
function makeProgram(eager: Eager, step: Step, given: Flattened): StepProgram {
  const { result: first, used } = watchOptimizers(() => traceStep(eager, step, given));
  const { result: second } = watchOptimizers(() => traceStep(eager, step, given));
  requireSameProgram(first, second);
  return new StepProgram(eager, first, used);
}

/** The programs of a step by what they can be called with; of more than the limit, the one goes that was not used for longest. */
class Programs {
  readonly #limit: number;
  readonly #programs = new Map<string, StepProgram>();
  isDisposed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#programs.size;
  }

  get(signature: string): StepProgram | undefined {
    const program = this.#programs.get(signature);
    if (!program) return undefined;
    // The order of a map is that of insertion.
    this.#programs.delete(signature);
    this.#programs.set(signature, program);
    return program;
  }

  set(signature: string, program: StepProgram): void {
    this.#programs.get(signature)?.dispose();
    this.#programs.set(signature, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size <= this.#limit || oldest === undefined) return;
    this.#programs.get(oldest)?.dispose();
    this.#programs.delete(oldest);
  }

  dispose(): void {
    this.isDisposed = true;
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}

/** A number would be a constant of the program, and each other one another program. */
function requireNoNumbers(structure: Structure, path = ''): void {
  switch (structure.kind) {
    case 'plain':
      if (typeof structure.value === 'number') refuseArgument('a number', path);
      return;
    case 'array':
      structure.items.forEach((item, index) => {
        requireNoNumbers(item, `${path}[${index}]`);
      });
      return;
    case 'record':
      for (const [key, item] of structure.entries) requireNoNumbers(item, `${path}.${key}`);
      return;
    default:
      return;
  }
}

function inWordsOfStep(error: unknown, step: string): unknown {
  if (!isToolkitError(error) || error.code !== 'STEP_NOT_TRACEABLE') return error;
  const reason = error.message.replace(/^the model cannot be compiled: /, '');
  return new ToolkitError('STEP_NOT_COMPILABLE', { step, reason }, { cause: error });
}

function otherBackend(): ToolkitError {
  return new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: 'tensorflow',
    reason: `a compiled step needs it, and TensorFlow.js computes on "${getBackend()}"`,
    hint: 'call useTensorFlow() of mnist-train/tensorflow first',
  });
}

function disposed(name: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${name} has been disposed of`,
    hint: 'compile the function again',
  });
}
