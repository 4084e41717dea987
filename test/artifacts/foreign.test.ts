import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../src/artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../src/artifacts/run.js';
import { checkpointDescription } from '../support/checkpoints.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

function safetensors(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(4)]);
}

const archive = (member: string): Buffer =>
  Buffer.concat([latin('PK\x03\x04'), Buffer.alloc(26), latin(member), Buffer.alloc(200_000), latin(member)]);

/** Files as other programs begin them. */
const files: [name: string, content: Buffer, what: string][] = [
  ['model.onnx', latin('\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x80'), 'an ONNX model'],
  ['renamed.safetensors', latin('\x08\x0a:\x80\x80\x04\x0a'), 'an ONNX model'],
  ['model.h5', latin('\x89HDF\r\n\x1a\n\0\0'), 'a Keras model (HDF5)'],
  ['model.keras', archive('model.weights.h5'), 'a Keras model'],
  ['model.pt', archive('archive/data.pkl'), 'a PyTorch model'],
  ['old.pth', latin('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02'), 'a PyTorch model'],
  ['svm.joblib', latin('\x80\x04\x95'), 'a pickled Python object'],
  ['model.tflite', latin('\x1c\0\0\0TFL3\x14\0'), 'a TensorFlow Lite model'],
  ['model.json', latin('{"format": "layers-model", "modelTopology": {}}'), 'a TensorFlow.js model'],
  ['config.json', latin('{"epochs": 3}'), 'a JSON file'],
  ['llm.gguf', latin('GGUF\x03'), 'a GGUF model'],
  ['x.npy', latin('\x93NUMPY\x01'), 'a NumPy array'],
  ['x.npz', archive('arr_0.npy'), 'a NumPy archive'],
  ['seven.png', latin('\x89PNG\r\n\x1a\n'), 'a PNG picture'],
  ['frozen.pb', latin('\x0a\x40\x0a'), 'a TensorFlow graph'],
  [
    'bert.safetensors',
    safetensors({ __metadata__: { format: 'pt' }, w: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } }),
    'a safetensors file of another kind',
  ],
  [
    'plain.safetensors',
    safetensors({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }),
    'a safetensors file of another kind',
  ],
];

describe('what is no checkpoint is named as what it is', () => {
  it.each(files)('%s', async (name, content, what) => {
    const path = join(await temporaryFolder(), name);
    await writeFile(path, content);
    const error = await toolkitError('CHECKPOINT_FOREIGN', resolveCheckpoint(path, 'none'));
    expect(error.message).toBe(`${path} is ${what}; a mnist-train checkpoint (.safetensors) is needed`);
    expect(error.exitCode).toBe(6);
    expect((await toolkitError('CHECKPOINT_FOREIGN', readCheckpoint(path))).message).toContain(what);
  });

  it.each([
    [['saved_model.pb'], 'a TensorFlow SavedModel'],
    [['model.json', 'group1-shard1of1.bin'], 'a TensorFlow.js model'],
    [['manifest.json', 'model.onnx'], 'a deployed ONNX model'],
    [['manifest.json', 'model.safetensors', 'predictions.safetensors'], 'model.safetensors'],
    [['config.json', 'pytorch_model.bin'], 'a Hugging Face model'],
  ])('a folder with %j', async (names, what) => {
    const path = join(await temporaryFolder(), 'model');
    await mkdir(path);
    for (const name of names) await writeFile(join(path, name), '');
    const error = await toolkitError('CHECKPOINT_FOREIGN', resolveCheckpoint(path, 'none'));
    expect(error.message).toContain(what);
  });
});

it('a checkpoint is none of these, whatever its name', async () => {
  const path = join(await temporaryFolder(), 'model.onnx');
  await writeCheckpoint({ path, description: checkpointDescription(), tensors: new Map() });
  expect(await resolveCheckpoint(path, 'none')).toBe(path);
  expect((await readCheckpoint(path)).description.run).toBe('first');
});

it('what cannot be told is damaged, and a folder without anything is no run', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'x.safetensors');
  await writeFile(path, latin('\x01\x02\x03'));
  await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(path));
  await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(folder));
  await toolkitError('CHECKPOINT_MISSING', resolveCheckpoint(folder, 'none'));
});
