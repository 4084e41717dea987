import type { ForeignArray } from '../../../artifacts/foreign/weights/array.js';
import { ToolkitError } from '../../../core/errors.js';
import { shortened } from '../../../core/format.js';
import { nearest } from '../../../core/registry.js';
import { IMAGE } from '../../graph.js';
import { LayerRefusal, NetWriter, type ImportedNet, type Normalization } from '../net-writer.js';
import type { TorchDescription, TorchLayerDescription } from './description.js';
import { torchLayers } from './layers.js';

/**
 * A described PyTorch model as a graph. Images have their channels last here; weights and the order in which layers after Flatten expect
 * values are turned accordingly. Throws MODEL_UNSUPPORTED with every layer that cannot be imported.
 *
 * @param arrays the model's state dict
 * @param path what messages call the file
 */
export function importTorch(
  description: Omit<TorchDescription, 'mean' | 'std'> & Normalization,
  arrays: ReadonlyMap<string, ForeignArray>,
  path: string,
): ImportedNet {
  const [channels, height, width] = description.input_shape;
  const net = new NetWriter({ height, width, channels });
  try {
    let last = net.addNormalization(description);
    const outputs = new Map<string, string>();
    for (const [index, layer] of description.layers.entries()) {
      last = addLayer(net, layer, index, last, outputs, arrays);
    }
    if (net.problems.length === 0) return net.finish(last);
  } catch (error) {
    if (!(error instanceof LayerRefusal)) throw error;
    if (net.problems.length === 0) net.problems.push(error.message);
  }
  const [first, ...more] = net.problems;
  const count = `${net.problems.length} layers are refused`;
  const reason = more.length === 0 ? first! : `${count}: ${net.problems.join('; ')}`;
  throw new ToolkitError('MODEL_UNSUPPORTED', { path, reason });
}

function addLayer(
  net: NetWriter,
  { type, name: given, inputs: taken, ...options }: TorchLayerDescription,
  index: number,
  before: string,
  outputs: Map<string, string>,
  arrays: ReadonlyMap<string, ForeignArray>,
): string {
  const name = given ?? `${type}${index + 1}`;
  try {
    const convert = Object.hasOwn(torchLayers, type) ? torchLayers[type] : undefined;
    if (!convert) throw new LayerRefusal(unknownReason(type));
    const inputs = (taken ?? []).map((input) => {
      const known = input === 'input' ? IMAGE : outputs.get(input);
      if (known === undefined) throw new LayerRefusal(`its input "${input}" is not a layer before it`);
      return known;
    });
    const weight = (part: string): ForeignArray | undefined => arrays.get(`${name}.${part}`);
    const place = { name: name.replaceAll('.', '/'), inputs: taken ? inputs : [before] };
    const output = convert({ ...place, options, weight }, net);
    outputs.set(name, output);
    return output;
  } catch (error) {
    if (!(error instanceof LayerRefusal)) throw error;
    net.problems.push(`layers[${index}] (${shortened(type)} "${shortened(name)}"): ${error.message}`);
    outputs.set(name, before);
    return before;
  }
}

function unknownReason(type: string): string {
  const meant = nearest(type, Object.keys(torchLayers));
  return `this kind of layer is not supported${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}

/** The beginning of a description: the layers that the weights of a state dict are of, in their order. */
export function describeArrays(arrays: ReadonlyMap<string, ForeignArray>): string {
  const layers = [...arrays].flatMap(([path, { shape }]) => {
    const dot = path.lastIndexOf('.');
    if (path.slice(dot + 1) !== 'weight') return [];
    const name = path.slice(0, dot);
    const isNorm = arrays.has(`${name}.running_mean`);
    const type = isNorm ? 'BatchNorm2d' : shape.length === 4 ? 'Conv2d' : 'Linear';
    return [{ type, name }];
  });
  return JSON.stringify({ input_shape: [1, 28, 28], layers });
}
