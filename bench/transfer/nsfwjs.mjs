// Takes a layers model out of the npm package nsfwjs, up to its pooled features, with a new output layer: what `--init-from` begins with.
//   npm pack nsfwjs@4.4.0 && tar xzf nsfwjs-4.4.0.tgz
//   node nsfwjs.mjs package/dist/models/mobilenet_v2 mobilenet
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';

const [source, folder] = process.argv.slice(2);

/** The value that a module of the package exports: JSON, or bytes in base64. Only these scripts are run, and they see nothing. */
function exported(name) {
  const module = { exports: undefined };
  vm.runInNewContext(readFileSync(join(source, `${name}.min.js`), 'utf8'), { module, exports: {} });
  return module.exports;
}

const model = JSON.parse(JSON.stringify(exported('model')));
const [group] = model.weightsManifest;
const bytes = Buffer.concat(group.paths.map((path) => Buffer.from(exported(path), 'base64')));

const { config } = model.modelTopology.model_config;
const end = config.layers.findIndex((layer) => layer.class_name === 'Flatten');
const features = config.layers[end].name;
const kept = config.layers.slice(0, end + 1);
const last = config.layers.at(-1);
const head = {
  ...{ ...last, name: 'head', config: { ...last.config, name: 'head' } },
  inbound_nodes: [[[features, 0, 0, {}]]],
};
config.layers = [...kept, head];
config.output_layers = [['head', 0, 0]];

// Each of the weights is a byte per number, or a float.
const sizeOf = ({ shape, quantization }) =>
  shape.reduce((size, length) => size * length, quantization ? 1 : 4);
const names = new Set(kept.map(({ name }) => name));
const weights = [];
const parts = [];
let inputs = 0;
let at = 0;
for (const weight of group.weights) {
  const [layer] = weight.name.split('/');
  if (names.has(layer)) {
    weights.push(weight);
    parts.push(bytes.subarray(at, at + sizeOf(weight)));
  } else if (inputs === 0) {
    // The kernel of the layer that follows the features.
    [inputs] = weight.shape;
  }
  at += sizeOf(weight);
}
const { units } = head.config;
weights.push(
  { name: 'head/kernel', shape: [inputs, units], dtype: 'float32' },
  { name: 'head/bias', shape: [units], dtype: 'float32' },
);
parts.push(Buffer.alloc(4 * (inputs + 1) * units));

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'weights.bin'), Buffer.concat(parts));
model.weightsManifest = [{ paths: ['weights.bin'], weights }];
writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
console.log(
  `${folder}: ${inputs} features of images of ${kept[0].config.batch_input_shape.slice(1).join('×')}`,
);
