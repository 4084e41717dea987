import { concat, slice, tidy, type Tensor } from '@tensorflow/tfjs-core';

import { messageOf, ToolkitError } from '../../core/errors.js';
import { compile, type CompiledStep } from './compile.js';
import { parseModelOptions, type CompileModelOptions, type CompileOptions } from './options.js';
import { drawFrom, type Layer } from './random-layers.js';
import { RandomStream } from './random-stream.js';

/** The methods of `tf.LayersModel` and `tf.Sequential` that are of use here, whatever their versions say of their types. */
export interface TrainableModel {
  /** Sets loss, optimizer and metrics. */
  compile(settings: never): void;
  /** Trains on inputs and targets. */
  fit(...values: never[]): Promise<unknown>;
  /** Gives loss and metrics on inputs and targets. */
  evaluate(...values: never[]): unknown;
  /** Gives the outputs for inputs. */
  predict(...values: never[]): unknown;
}

/** How a model is compiled: its loss, optimizer and metrics, as its own `compile` takes them, and what is ours. */
export type ModelOptions<Model extends TrainableModel> = Partial<Parameters<Model['compile']>[0]> &
  CompileModelOptions;

/** A model whose training, evaluation and prediction are compiled. */
export interface CompiledModel<Model extends TrainableModel> {
  readonly model: Model;
  /** As the model's own. */
  readonly fit: Model['fit'];
  readonly evaluate: Model['evaluate'];
  readonly predict: Model['predict'];
  /** Gives the model its own methods back; it keeps its weights. */
  dispose(): void;
}

/** What is inside of a model of tf.layers: it trains, evaluates and predicts by these. */
interface ModelInside {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly outputs: readonly unknown[];
  readonly optimizer: unknown;
  readonly lossFunctions: unknown;
  readonly metricsTensors: unknown;
  readonly collectedTrainableWeights: unknown;
  makeTrainFunction(): (data: Data) => Tensor[];
  makeTestFunction(): void;
  testFunction: (data: Data) => Tensor[];
  predictLoop(inputs: Tensor | Tensor[], batchSize?: number, verbose?: boolean): Tensor | Tensor[];
}

/** Inputs, targets, and weights of the samples where there are any. */
type Data = (Tensor | null | undefined)[];

/** The models whose methods are compiled. */
const compiledModels = new WeakSet<TrainableModel>();

/** See src/compile.ts. */
export function compileModel<Model extends TrainableModel>(
  model: Model,
  options: ModelOptions<Model>,
): CompiledModel<Model> {
  const { ours, theirs } = parseModelOptions(options);
  if (compiledModels.has(model)) throw compiledTwice();
  if (Object.keys(theirs).length > 0) model.compile(theirs as never);
  const random = new RandomStream(ours.seed);
  const undo = install(model, (inside) => {
    const undoRandom = drawFrom(random, inside.layers);
    const undoMethods = compileMethods(inside, ours);
    return () => {
      undoMethods();
      undoRandom();
    };
  });
  compiledModels.add(model);
  return {
    model,
    fit: model.fit.bind(model),
    evaluate: model.evaluate.bind(model),
    predict: model.predict.bind(model),
    dispose() {
      if (!compiledModels.delete(model)) return;
      undo();
      random.dispose();
    },
  };
}

type Undo = () => void;

/** Changes a model inside, and with a sequential one each model that it makes of its layers later on. */
function install(model: TrainableModel, change: (inside: ModelInside) => Undo): Undo {
  let inside = insideOf(model);
  let undo = change(inside);
  if (isSequential(model)) {
    Object.defineProperty(model, 'model', {
      ...{ configurable: true, enumerable: true },
      get: () => inside,
      set: (next: ModelInside) => {
        undo();
        inside = next;
        undo = change(next);
      },
    });
  }
  return () => {
    undo();
    if (!isSequential(model)) return;
    const property = { configurable: true, enumerable: true, writable: true };
    Object.defineProperty(model, 'model', { ...property, value: inside });
  };
}

/** Puts compiled functions in the places of a model's own. */
function compileMethods(inside: ModelInside, { programs, eager }: CompileOptions): Undo {
  const options = { programs, eager };
  const own = {
    makeTrainFunction: inside.makeTrainFunction.bind(inside),
    makeTestFunction: inside.makeTestFunction.bind(inside),
    predictLoop: inside.predictLoop.bind(inside),
  };
  const make = <Values extends unknown[], Result>(
    name: string,
    step: (...values: Values) => Result,
  ): Compiled<Values, Result> =>
    new Compiled(inside, () => compile(step, { ...options, name: `${inside.name}.${name}` }));
  const train = make('fit', (data: Data) => own.makeTrainFunction()(data));
  const test = make('evaluate', (data: Data) => {
    own.makeTestFunction();
    return inside.testFunction(data);
  });
  const predict = make('predict', (batch: Tensor[]) => own.predictLoop(batch, batch[0]!.shape[0]));
  const replaced: Partial<ModelInside> = {
    makeTrainFunction: () => (data) => train.call(data),
    makeTestFunction: () => {
      inside.testFunction = (data) => test.call(data);
    },
    predictLoop: (inputs, batchSize = 32, verbose = false) =>
      verbose ? own.predictLoop(inputs, batchSize, verbose) : predictBatches(inputs, batchSize, predict),
  };
  Object.assign(inside, replaced);
  return () => {
    for (const step of [train, test, predict]) step.dispose();
    for (const name of Object.keys(replaced)) Reflect.deleteProperty(inside, name);
    Reflect.deleteProperty(inside, 'testFunction');
  };
}

/** A step of a model, compiled anew after the model's own `compile` has been called again. */
class Compiled<Values extends unknown[], Result> {
  readonly #inside: ModelInside;
  readonly #compile: () => CompiledStep<Values, Result>;
  #step: CompiledStep<Values, Result> | undefined;
  #settings: unknown[] = [];

  constructor(inside: ModelInside, compileStep: () => CompiledStep<Values, Result>) {
    this.#inside = inside;
    this.#compile = compileStep;
  }

  call(...values: Values): Result {
    const { optimizer, lossFunctions, metricsTensors, collectedTrainableWeights } = this.#inside;
    const settings = [optimizer, lossFunctions, metricsTensors, collectedTrainableWeights];
    if (settings.some((setting, index) => setting !== this.#settings[index])) this.dispose();
    this.#settings = settings;
    this.#step ??= this.#compile();
    return this.#step(...values);
  }

  dispose(): void {
    this.#step?.dispose();
    this.#step = undefined;
  }
}

function predictBatches(
  given: Tensor | Tensor[],
  batchSize: number,
  predict: Compiled<[Tensor[]], Tensor | Tensor[]>,
): Tensor | Tensor[] {
  return tidy(() => {
    const inputs = Array.isArray(given) ? given : [given];
    const count = inputs[0]!.shape[0];
    const parts: Tensor[][] = [];
    for (let start = 0; start < count; start += batchSize) {
      const size = Math.min(batchSize, count - start);
      const batch = size === count ? inputs : inputs.map((input) => slice(input, start, size));
      const outputs = predict.call(batch);
      parts.push(Array.isArray(outputs) ? outputs : [outputs]);
    }
    const outputs = (parts[0] ?? []).map((_, output) => concat(parts.map((part) => part[output]!)));
    return outputs.length === 1 ? outputs[0]! : outputs;
  });
}

/** What of `tf.Sequential` is used here: it is a model around one, which is there when it is built. */
interface Sequential {
  model?: ModelInside;
  build(): void;
}

/** Throws USAGE for what is no model of tf.layers, or cannot be built. */
function insideOf(model: TrainableModel): ModelInside {
  const inside = isSequential(model) ? builtModel(model) : (model as Partial<ModelInside>);
  const methods = [inside.makeTrainFunction, inside.makeTestFunction, inside.predictLoop];
  if (methods.every((method) => typeof method === 'function')) return inside as ModelInside;
  throw new ToolkitError('USAGE', {
    message: 'compileModel needs a model of @tensorflow/tfjs-layers 4',
    hint: 'of a model that is written by hand, compile a step',
  });
}

function compiledTwice(): ToolkitError {
  return new ToolkitError('USAGE', {
    message: 'the model is compiled already',
    hint: 'dispose of what compileModel returned first',
  });
}

function isSequential(model: object): model is Sequential {
  return 'getClassName' in model && (model as Layer).getClassName() === 'Sequential';
}

function builtModel(model: Sequential): Partial<ModelInside> {
  try {
    if (!model.model) model.build();
    return model.model ?? {};
  } catch (cause) {
    throw new ToolkitError(
      'USAGE',
      {
        message: `compileModel needs a model that can be built: ${messageOf(cause)}`,
        hint: 'add layers, and give the first one an inputShape',
      },
      { cause },
    );
  }
}
