import type { Checkpoint } from '../artifacts/checkpoint.js';
import { callerLayer } from '../core/config/layers.js';
import { resolveOptions, type ChosenFrom, type Configurable } from '../core/config/resolve.js';
import { messageOf, ToolkitError } from '../core/errors.js';
import { shortened } from '../core/format.js';
import { requireRecorded } from '../core/plugins/records.js';
import { elementCount } from '../core/images.js';
import type { FittedValues } from './features/feature.js';
import { features } from './features/index.js';
import { withFeatures } from './features/with-features.js';
import { models } from './index.js';
import type { Model, ModelTask } from './model.js';
import { isOnnx, onnxRefusal } from './onnx/settings.js';
import { z } from 'zod';
import { unaffordable } from './pass-cost.js';
import { misfitOf, storedVariables, type TrainingVariables } from './variables.js';

/** The settings of a model: its name and its options. */
export type ModelSettings = ChosenFrom<typeof models>;

/** The settings of the features that a model takes. */
export type FeatureSettings = ChosenFrom<typeof features>;

/**
 * Builds a model that takes features of images, for images of a shape and a number of classes.
 *
 * @param fitted the fitted feature parameters; if undefined, they come from a checkpoint
 */
export function buildModelOnFeatures(
  settings: ModelSettings,
  { name, ...options }: FeatureSettings,
  task: ModelTask,
  fitted?: FittedValues,
): Model {
  const definition = features.get(name);
  if (!definition) throw new Error(`there are no features "${name}"`);
  // The options were parsed with this definition's schema, but TypeScript sees the union of all schemas.
  const extractor = definition.build(options as never, task.shape, fitted);
  if (!extractor) return buildModel(settings, task);
  const shape = { height: 1, width: extractor.size, channels: 1 };
  return withFeatures(extractor, buildModel(settings, { ...task, shape }));
}

/** Builds a model from its settings, for images of a shape and a number of classes. */
function buildModel(settings: ModelSettings, task: ModelTask): Model {
  const { name, ...options } = settings;
  // The options were parsed with this definition's schema, but TypeScript sees the union of all schemas.
  return models.require(name).build(options as never, task);
}

const modelSpace = {
  fields: z.strictObject({}),
  choices: { model: { registry: models, fallback: 'mlp', description: '' } },
};

const featureSpace = {
  fields: z.strictObject({}),
  choices: { features: { registry: features, fallback: 'raw', description: '' } },
};

/** Validates the model settings in a checkpoint. Throws CHECKPOINT_REFUSED. */
function modelSettingsOf(checkpoint: Checkpoint): ModelSettings {
  const { name } = checkpoint.description.model;
  const options = storedOptions(checkpoint, 'model', name, models.get(name));
  return resolveStored(
    checkpoint,
    'model',
    () => resolveOptions(modelSpace, [callerLayer(options)]).values.model,
  );
}

/** The same for its features. Old checkpoints without features use raw pixels. */
function featureSettingsOf(checkpoint: Checkpoint): FeatureSettings {
  const { features: stored = 'raw' } = checkpoint.description.config;
  const name = typeof stored === 'string' ? stored : `of type ${typeof stored}`;
  const options = storedOptions(checkpoint, 'features', name, features.get(name));
  return resolveStored(
    checkpoint,
    'features',
    () => resolveOptions(featureSpace, [callerLayer(options)]).values.features,
  );
}

function storedOptions(
  { path, description }: Checkpoint,
  kind: string,
  name: string,
  definition: Configurable | undefined,
): Record<string, unknown> {
  requireRecorded(path, description.plugins ?? [], kind, name);
  if (!definition) {
    throw new ToolkitError('CHECKPOINT_REFUSED', {
      path,
      reason: `its ${kind} "${shortened(name)}" is unknown`,
    });
  }
  const keys = Object.keys(definition.options.shape);
  return {
    [kind]: definition.name,
    ...Object.fromEntries(keys.map((key) => [key, description.config[key]])),
  };
}

function resolveStored<Settings>({ path }: Checkpoint, kind: string, resolve: () => Settings): Settings {
  try {
    return resolve();
  } catch (error) {
    const reason = `its ${kind} cannot be built: ${shortened(messageOf(error), 500)}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason }, { cause: error });
  }
}

/**
 * Builds a checkpoint's model and checks it against the checkpoint's tensors, without allocating its parameters. Throws
 * CHECKPOINT_OPAQUE for an ONNX model, and CHECKPOINT_REFUSED if it cannot be built, if parameters are missing, superfluous or of another shape, or if it needs too much memory
 * or computation.
 *
 * @param images the batch size
 */
export function planModel(checkpoint: Checkpoint, images = 1): Model {
  const { path, tensors, description } = checkpoint;
  const { shape, classNames } = description;
  if (isOnnx(description)) throw onnxRefusal(path);
  const settings = modelSettingsOf(checkpoint);
  const features = featureSettingsOf(checkpoint);
  const model = resolveStored(checkpoint, 'model', () =>
    buildModelOnFeatures(settings, features, { shape, classes: classNames.length }),
  );
  const weights = model.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const reason =
    misfitOf(model.parameters, tensors) ?? (model.cost && unaffordable(weights, model.cost, images));
  if (reason !== undefined) throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  return model;
}

/** Loads a checkpoint's model with its parameters on the device; the caller disposes of the variables. Throws what `planModel` throws. */
export function loadModel(
  checkpoint: Checkpoint,
  images = 1,
): { model: Model; variables: TrainingVariables } {
  const model = planModel(checkpoint, images);
  return { model, variables: storedVariables(model, checkpoint.tensors) };
}
