import type { Checkpoint } from '../artifacts/checkpoint.js';
import { ToolkitError } from '../core/errors.js';
import type { Model, ParameterSpec } from '../models/model.js';

/** What a run took over from another's checkpoint, by layers. */
export interface Transfer {
  /** Layers whose weights were taken over. */
  taken: readonly string[];
  /** Layers that start anew. */
  fresh: readonly string[];
}

/** The layer of a parameter: what stands before the last part of its name. */
export function layerOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf('/'));
}

/** The layers of a model that have parameters to learn, in order. */
export function learntLayers({ parameters }: Pick<Model, 'parameters'>): string[] {
  return [...new Set(parameters.filter(({ isFixed }) => !isFixed).map(({ name }) => layerOf(name)))];
}

/** The last layer, which makes scores of the classes out of what the others see. */
export function headOf(model: Pick<Model, 'parameters'>): string {
  return learntLayers(model).at(-1) ?? '';
}

/** Whether a name is as a pattern says, in which `*` stands for any letters; in one pass, as a checkpoint may bring the pattern. */
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
 * The layers that patterns name, with `*` for any letters. Throws USAGE where a pattern names none, or nothing would be left to
 * train.
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

/** A model some of whose layers stay as they are: they get no gradient, no state of the optimiser and no new statistics. */
export function freeze(model: Model, layers: readonly string[]): Model {
  if (layers.length === 0) return model;
  const frozen = (spec: ParameterSpec): ParameterSpec =>
    layers.includes(layerOf(spec.name)) ? { ...spec, isFixed: true, isConstant: true } : spec;
  const isFrozen = (layer: string): boolean => layers.includes(layer);
  return {
    ...model,
    parameters: model.parameters.map(frozen),
    apply: (images, values, training) => model.apply(images, values, training && { ...training, isFrozen }),
  };
}

/**
 * Which of a model's layers take the weights of a checkpoint: all, but for the head where it decides between other classes. Whether
 * the weights fit is seen when they are loaded.
 */
export function planTransfer(
  model: Pick<Model, 'parameters'>,
  { description }: Checkpoint,
  classNames: readonly string[],
): Transfer {
  const layers = learntLayers(model);
  const isSame = description.classNames.join('\n') === classNames.join('\n');
  const head = headOf(model);
  return isSame
    ? { taken: layers, fresh: [] }
    : { taken: layers.filter((layer) => layer !== head), fresh: [head] };
}
