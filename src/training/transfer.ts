import type { Checkpoint } from '../artifacts/checkpoint.js';
import { ToolkitError } from '../core/errors.js';
import { layerOf, type Model, type ParameterSpec } from '../models/model.js';

/** The layers of a transfer: which ones are initialised from a checkpoint. */
export interface Transfer {
  /** Layers that take their weights from the checkpoint. */
  taken: readonly string[];
  /** Layers that are initialised randomly. */
  fresh: readonly string[];
}

/** The layers of a model with trainable parameters, in order. */
export function learntLayers({ parameters }: Pick<Model, 'parameters'>): string[] {
  return [...new Set(parameters.filter(({ isFixed }) => !isFixed).map(({ name }) => layerOf(name)))];
}

/** The classification head: the last layer, which computes the logits. Empty for a model without trainable layers. */
export function headOf(model: Pick<Model, 'parameters'>): string {
  return learntLayers(model).at(-1) ?? '';
}

/** Whether a name matches a glob pattern with `*`; in linear time, because the pattern may come from an untrusted checkpoint. */
function matches(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  const end = name.length - last.length;
  if (!name.startsWith(first) || !name.endsWith(last) || end < first.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * The layers that match the patterns, in which `*` matches any characters. Throws USAGE if a pattern matches no layer, or the patterns
 * match all layers.
 */
export function chosenLayers(model: Pick<Model, 'parameters'>, patterns: readonly string[]): string[] {
  const layers = learntLayers(model);
  const list = layers.join(', ');
  const found = patterns.flatMap((pattern) => {
    const matching = layers.filter((layer) => matches(layer, pattern));
    if (matching.length > 0) return matching;
    throw new ToolkitError('USAGE', {
      message: `no layer "${pattern}" to freeze`,
      hint: `there are ${list}`,
    });
  });
  const chosen = layers.filter((layer) => found.includes(layer));
  if (chosen.length < layers.length) return chosen;
  throw new ToolkitError('USAGE', {
    message: 'with every layer frozen, nothing is left to train',
    hint: `leave one of ${list}`,
  });
}

/**
 * A model with some layers frozen: they have no gradients, no optimiser state and no new statistics. What comes before the first layer that is
 * not is computed only once, where the model can be split there.
 */
export function freeze(model: Model, layers: readonly string[]): Model {
  if (layers.length === 0) return model;
  const frozen = (spec: ParameterSpec): ParameterSpec =>
    layers.includes(layerOf(spec.name)) ? { ...spec, isFixed: true, isConstant: true } : spec;
  const isFrozen = (layer: string): boolean => layers.includes(layer);
  const features = model.fixedFeatures ?? model.featuresBefore?.(isFrozen);
  return {
    ...model,
    parameters: model.parameters.map(frozen),
    fixedFeatures: features && { ...features, model: freeze(features.model, layers) },
    apply: (images, values, training) => model.apply(images, values, training && { ...training, isFrozen }),
  };
}

/** The layers of a model that are learnt, and that are frozen in another form of it. */
export function frozenLayers(
  whole: Pick<Model, 'parameters'>,
  trainable: Pick<Model, 'parameters'>,
): string[] {
  const trained = learntLayers(trainable);
  return learntLayers(whole).filter((layer) => !trained.includes(layer));
}

/**
 * Plans which layers take their weights from a checkpoint: all, except the head if the classes differ; where the checkpoint does not name its
 * classes, if it has another number of outputs. The shapes are checked later, when the weights are loaded.
 */
export function planTransfer(
  model: Pick<Model, 'parameters'>,
  checkpoint: Checkpoint,
  classNames: readonly string[],
): Transfer {
  const layers = learntLayers(model);
  const head = headOf(model);
  const known = checkpoint.description.classNames;
  const isSame =
    known.length === 0
      ? outputsOf(head, checkpoint) === classNames.length
      : known.join('\n') === classNames.join('\n');
  return isSame
    ? { taken: layers, fresh: [] }
    : { taken: layers.filter((layer) => layer !== head), fresh: [head] };
}

/** The number of outputs that a checkpoint has of the head; undefined where it has none. */
export function outputsOf(head: string, { tensors }: Pick<Checkpoint, 'tensors'>): number | undefined {
  return tensors.get(`parameters/${head}/kernel`)?.shape.at(-1);
}
