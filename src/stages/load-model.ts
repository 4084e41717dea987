import type { Checkpoint } from '../artifacts/checkpoint.js';
import { callerLayer } from '../config/layers.js';
import { resolveOptions, type Chosen, type Configurable } from '../config/resolve.js';
import { ToolkitError } from '../core/errors.js';
import { models } from '../models/index.js';
import type { Model, ModelTask } from '../models/model.js';
import { z } from 'zod';
import { TrainingVariables } from '../training/variables.js';

type RegisteredModel = typeof models extends Iterable<infer Entry> ? Entry : never;

/** The settings of a model: its name and its options. */
export type ModelSettings = Chosen<RegisteredModel>;

/** Builds a model from its settings, for images of a shape and a number of classes. */
export function buildModel(settings: ModelSettings, task: ModelTask): Model {
  const { name, ...options } = settings;
  const definition = models.get(name);
  if (!definition) throw new Error(`there is no model "${name}"`);
  // The options were parsed by this very definition's schema; the union of all of them is what TypeScript sees.
  return definition.build(options as never, task);
}

const modelSpace = {
  fields: z.strictObject({}),
  choices: { model: { registry: models, fallback: 'mlp', description: '' } },
};

/** The settings of the model in a checkpoint, validated anew. Throws CHECKPOINT_REFUSED. */
export function modelSettingsOf({ path, description }: Checkpoint): ModelSettings {
  const definition: Configurable | undefined = models.get(description.model.name);
  if (!definition) {
    throw new ToolkitError('CHECKPOINT_REFUSED', {
      path,
      reason: `its model "${description.model.name}" is unknown`,
    });
  }
  const keys = Object.keys(definition.options.shape);
  const options = Object.fromEntries(keys.map((key) => [key, description.config[key]]));
  try {
    return resolveOptions(modelSpace, [callerLayer({ model: definition.name, ...options })]).values.model;
  } catch (error) {
    const reason = `its model cannot be built: ${error instanceof Error ? error.message : String(error)}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason }, { cause: error });
  }
}

/** A checkpoint's model with its parameters on the device; the caller disposes of the variables. */
export function loadModel(checkpoint: Checkpoint): { model: Model; variables: TrainingVariables } {
  const { shape, classNames } = checkpoint.description;
  const model = buildModel(modelSettingsOf(checkpoint), { shape, classes: classNames.length });
  const variables = new TrainingVariables(model, [], 0);
  const misfit = variables.load(checkpoint.tensors, 'parameters');
  if (misfit === undefined) return { model, variables };
  variables.dispose();
  throw new ToolkitError('CHECKPOINT_REFUSED', { path: checkpoint.path, reason: misfit });
}
