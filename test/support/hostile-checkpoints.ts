import type { CheckpointDescription } from '../../src/artifacts/checkpoint.js';
import { encodeSafetensors, storeFloats, type StoredTensor } from '../../src/artifacts/safetensors.js';
import { sha256 } from '../../src/core/hashing.js';
import type { ImageShape } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import { models } from '../../src/models/index.js';
import { checkpointDescription } from './checkpoints.js';

/** A checkpoint of a small net, as it is before it is written. */
export interface MadeCheckpoint {
  description: CheckpointDescription;
  tensors: Map<string, StoredTensor>;
}

const CLASSES = ['no', 'yes', 'perhaps'];

/** A checkpoint of a net that was never trained, with fitting parameters. */
export function madeCheckpoint(
  name: string,
  config: Record<string, unknown>,
  shape: ImageShape = { height: 8, width: 8, channels: 1 },
): MadeCheckpoint {
  const definition = models.require(name);
  const options = definition.options.parse(config);
  const { description, parameters } = definition.build(options as never, { shape, classes: CLASSES.length });
  const tensors = new Map(
    parameters.map((spec, index) => [
      `parameters/${spec.name}`,
      storeFloats(spec.initialValue(new Random(1, 'weights', index)), spec.shape),
    ]),
  );
  return {
    description: checkpointDescription({
      config: { model: name, ...config },
      model: { name, description, parameters: 1 },
      classNames: CLASSES,
      shape,
    }),
    tensors,
  };
}

/** One of each kind of net, none of them larger than some kilobytes. */
export function smallCheckpoints(): MadeCheckpoint[] {
  return [
    madeCheckpoint('mlp', { hiddenLayers: [16, 8] }),
    madeCheckpoint('cnn', { filters: [2], denseUnits: 4 }),
    madeCheckpoint('cnn-small', { filters: [2, 3] }),
    madeCheckpoint('resnet', { filters: [2], blocks: 1 }),
    madeCheckpoint('rnn', { units: 4 }),
    madeCheckpoint('transformer', { patchSize: 4, width: 8, depth: 1, heads: 2 }),
    madeCheckpoint('stack', { layers: [{ type: 'flatten' }, { type: 'dense', units: 6 }] }),
  ];
}

/** A checkpoint as bytes of a file whose hash is right. */
export function fileOf({
  description,
  tensors,
}: {
  description: unknown;
  tensors: Map<string, StoredTensor>;
}): Buffer {
  const metadata = {
    checkpoint: typeof description === 'string' ? description : JSON.stringify(description),
  };
  return Buffer.concat(encodeSafetensors({ tensors, metadata }));
}

/** A file with a header of somebody else's making, and the right hash. */
export function signedFile(header: Record<string, unknown>, data: Uint8Array): Buffer {
  const zeros = '0'.repeat(64);
  const metadata = { ...(header['__metadata__'] as object), sha256: zeros };
  const json = JSON.stringify({ ...header, __metadata__: metadata });
  const framed = frame(json);
  return Buffer.concat([frame(json.replace(`"${zeros}"`, `"${sha256(framed, data)}"`)), data]);
}

function frame(json: string): Buffer {
  const text = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}

const HOSTILE_VALUES: readonly unknown[] = [
  ...[-1, 0, 1, 2, 3.5, 8192, 65_536, 1e6, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 1e308, -1e308, 5e-324],
  ...[null, true, '', 'x', '__proto__', 'constructor', '../../etc/passwd', '\u001b[2J', 'NaN', '1e999'],
  ...['x'.repeat(3000), [], {}, [65_536, 65_536], [-1], ['mlp'], { __proto__: null, length: 1e9 }],
  ...[Array.from({ length: 500 }, () => 65_536), Array.from({ length: 300 }, () => 'x')],
  ...[nested(500), [{ type: 'dense', units: 65_536 }], { type: 'flatten' }],
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { layers: value };
  return value;
}

const HOSTILE_CONFIG: readonly Record<string, unknown>[] = [
  { hiddenLayers: [65_536, 65_536] },
  { hiddenLayers: Array.from({ length: 64 }, () => 65_536) },
  { filters: Array.from({ length: 64 }, () => 4096), kernelSize: 31 },
  { blocks: 100, filters: Array.from({ length: 64 }, () => 4096) },
  { units: 4096, depth: 64, bidirectional: true },
  { width: 4096, depth: 64, heads: 64, mlpRatio: 16 },
  { features: 'pca', pcaComponents: 1024 },
  { features: 'hog', hogCellSize: 2, hogBlockSize: 4, hogOrientations: 36 },
  { features: nested(300) },
  { layers: Array.from({ length: 1000 }, () => ({ type: 'activation', function: 'gelu' })) },
  { layers: Array.from({ length: 1000 }, () => ({ type: 'dense', units: 65_536 })) },
];

/** One mutation of one of some checkpoints, as bytes of a file. Reproducible: it depends on its number alone. */
export function mutatedCheckpoint(made: readonly MadeCheckpoint[], number: number): Buffer {
  const random = new Random(7, 'hostile-checkpoints', number);
  const { description, tensors } = made[random.integer(made.length)]!;
  const kinds = [
    () => fileOf({ description: withHostileValue(description, random), tensors }),
    () => fileOf({ description: withHostileValue(withHostileValue(description, random), random), tensors }),
    () => fileOf({ description: withConfig(description, pick(HOSTILE_CONFIG, random)), tensors }),
    () => fileOf({ description: withShape(description, random), tensors }),
    () => fileOf({ description: withText(description, random), tensors }),
    () => fileOf({ description, tensors: withHostileTensor(tensors, random) }),
    () => withHostileHeader(fileOf({ description, tensors }), random),
    () => withFlippedBits(fileOf({ description, tensors }), random),
    () => fileOf({ description, tensors }).subarray(0, random.integer(4000)),
  ];
  return pick(kinds, random)();
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.integer(items.length)]!;
}

/** Replaces a value somewhere inside, adds one or removes one. */
function withHostileValue<Value>(value: Value, random: Random): Value {
  const copy = structuredClone(value);
  let place: unknown = copy;
  for (;;) {
    const keys = Object.keys(place as object);
    if (keys.length === 0) return copy;
    const key = pick(keys, random);
    const inner = (place as Record<string, unknown>)[key];
    if (typeof inner === 'object' && inner !== null && random.uniform() < 0.8) {
      place = inner;
      continue;
    }
    const change = random.uniform();
    if (change < 0.1) Reflect.deleteProperty(place as object, key);
    else if (change < 0.2) (place as Record<string, unknown>)['more'] = pick(HOSTILE_VALUES, random);
    else (place as Record<string, unknown>)[key] = pick(HOSTILE_VALUES, random);
    return copy;
  }
}

function withConfig(
  description: CheckpointDescription,
  more: Record<string, unknown>,
): CheckpointDescription {
  return { ...description, config: { ...description.config, ...more } };
}

function withShape(description: CheckpointDescription, random: Random): CheckpointDescription {
  const side = (): number => pick([1, 2, 8, 28, 512, 4096, 8192], random);
  return { ...description, shape: { height: side(), width: side(), channels: pick([1, 3, 8192], random) } };
}

/** Text that is JSON, but not as this program writes it. */
function withText(description: CheckpointDescription, random: Random): string {
  const text = JSON.stringify(description);
  return pick(
    [
      text.replace('{', '{"__proto__":{"version":2},'),
      text.replace('"step":3', '"step":1e999'),
      text.replace('"step":3', `"step":${'9'.repeat(400)}`),
      '['.repeat(9000),
      `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
      'null',
      '"text"',
      text.slice(0, random.integer(text.length)),
      text.replace('"classNames":[', `"classNames":[${'"a",'.repeat(1500)}`),
    ],
    random,
  );
}

function withHostileTensor(tensors: Map<string, StoredTensor>, random: Random): Map<string, StoredTensor> {
  const [name, tensor] = pick([...tensors], random);
  const copy = new Map(tensors);
  const { bytes } = tensor;
  const hostile: StoredTensor[] = [
    { ...tensor, shape: [...tensor.shape, 1] },
    { ...tensor, shape: tensor.shape.toReversed() },
    { ...tensor, type: 'I32' },
    { type: 'U8', shape: [bytes.length], bytes },
    { ...tensor, shape: [0], bytes: new Uint8Array(0) },
    { ...tensor, bytes: new Uint8Array(bytes.length).fill(255) },
  ];
  if (random.uniform() < 0.3) copy.delete(name);
  if (random.uniform() < 0.3)
    copy.set(`parameters/${pick(['__proto__', 'x', '', 'a'.repeat(2000)], random)}`, tensor);
  else copy.set(name, pick(hostile, random));
  return copy;
}

/** Changes the entry of a tensor in the header, and signs the file again. */
function withHostileHeader(file: Buffer, random: Random): Buffer {
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, end)) as Record<string, unknown>;
  const name = pick(
    Object.keys(header).filter((key) => key !== '__metadata__'),
    random,
  );
  return signedFile({ ...header, [name]: withHostileValue(header[name], random) }, file.subarray(end));
}

function withFlippedBits(file: Buffer, random: Random): Buffer {
  const copy = Buffer.from(file);
  const end = random.uniform() < 0.5 ? 16 : copy.length;
  for (let count = 1 + random.integer(4); count > 0; count--) {
    const at = random.integer(end);
    copy[at] = copy[at]! ^ (1 << random.integer(8));
  }
  return copy;
}
