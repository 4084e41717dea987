import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { erf, matMul, reshape } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { tflite } from '../../../src/deployment/targets/tflite.js';
import { arenaBytes, resolverLines } from '../../../src/deployment/tflite/micro.js';
import type { LiteGraph, LiteTensor } from '../../../src/deployment/tflite/graph.js';
import { floatOperators } from '../../../src/deployment/tflite/islands.js';
import { quantizationFor } from '../../../src/deployment/tflite/quantize.js';
import { GraphWriter } from '../../../src/deployment/tflite/builder.js';
import { toolkitError } from '../../support/errors.js';
import { untrainedSource } from '../../support/exported.js';
import { temporaryFolder } from '../../support/folders.js';
import { expectClose } from '../../support/numbers.js';

type Options = Parameters<typeof tflite.export>[1];
const ALL: Options = { formats: ['float32', 'float16', 'int8'] };

describe('a model in all forms', () => {
  it('answers in LiteRT as the model does: exactly, nearly, and in 8 bits', async () => {
    const options = { filters: [3, 4], denseUnits: 8 };
    const shape = { height: 12, width: 16, channels: 3 };
    const { source, images, probabilities } = await untrainedSource('cnn', options, { shape });
    const folder = await temporaryFolder();
    const exported = await tflite.export(source, ALL, folder);
    const [exact, half, whole] = exported.variants!;
    expectClose(await exact!.classify(images), probabilities, 1e-5);
    expectClose(await half!.classify(images), probabilities, 1e-3);
    expectClose(await whole!.classify(images), probabilities, 0, 0.03);
    await exported.dispose();
    expect((await readdir(folder)).sort()).toEqual([
      'micro',
      'model-float16.tflite',
      'model-float32.tflite',
      'model-int8.tflite',
    ]);
    const array = await readFile(join(folder, 'micro', 'model_data.cc'), 'utf8');
    const bytes = [...array.matchAll(/0x([0-9a-f]{2})/g)].map(([, byte]) => parseInt(byte!, 16));
    expect(Uint8Array.from(bytes)).toEqual(new Uint8Array(await readFile(join(folder, 'model-int8.tflite'))));
    const header = await readFile(join(folder, 'micro', 'model_data.h'), 'utf8');
    expect(header).toMatch(/MicroMutableOpResolver<5> resolver/);
    expect(header).toContain('resolver.AddConv2D();');
  });

  it('takes bytes, or whole numbers from −128 on where it is of 8 bits alone', async () => {
    const { source } = await untrainedSource('mlp', { hiddenLayers: [4] });
    for (const [format, type] of [
      ['float32', 'uint8'],
      ['int8', 'int8'],
    ] as const) {
      const exported = await tflite.export(source, { formats: [format] }, await temporaryFolder());
      expect(exported.signature.inputs).toEqual([{ name: 'images', type, shape: [1, 28, 28, 1] }]);
      expect(exported.accuracyLoss).toBe(format === 'int8' ? 1 : undefined);
      await exported.dispose();
    }
  });

  it('has GELU as the operator that it is', async () => {
    const { source, images, probabilities } = await untrainedSource('mlp', {
      hiddenLayers: [8],
      activation: 'gelu',
    });
    const folder = await temporaryFolder();
    const exported = await tflite.export(source, ALL, folder);
    expectClose(await exported.classify(images), probabilities, 1e-5);
    await exported.dispose();
    const header = await readFile(join(folder, 'micro', 'model_data.h'), 'utf8');
    expect(header).toContain('GELU is not an operator of TensorFlow Lite for Microcontrollers');
  });

  it('is refused where it takes an operation that TFLite does not have', async () => {
    const { source } = await untrainedSource('mlp', { hiddenLayers: [4] });
    const forward: typeof source.forward = (images) =>
      matMul(erf(reshape(images, [-1, 784])), reshape(images, [784, -1]));
    const error = await toolkitError(
      'EXPORT_UNSUPPORTED',
      tflite.export({ ...source, forward }, ALL, await temporaryFolder()),
    );
    expect(error.message).toContain('Erf has no counterpart in TFLite');
  });
});

it('a range always has an exact 0', () => {
  for (const range of [
    { min: -1, max: 3 },
    { min: 2, max: 3 },
    { min: -3, max: -2 },
    { min: 0, max: 0 },
  ]) {
    const { scales, zeroPoints } = quantizationFor(range);
    const [scale, zeroPoint] = [scales[0]!, zeroPoints[0]!];
    expect(Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127).toBe(true);
    expect(scale * (-128 - zeroPoint)).toBeLessThanOrEqual(Math.min(0, range.min) + scale / 2);
    expect(scale * (127 - zeroPoint)).toBeGreaterThanOrEqual(Math.max(0, range.max) - scale / 2);
  }
});

/** x → FULLY_CONNECTED → ADD → RSQRT → MUL → FULLY_CONNECTED → LOGISTIC. */
function chain(): LiteGraph {
  const input: LiteTensor = { name: 'in', type: 'float32', shape: [1, 4] };
  const writer = new GraphWriter();
  const weights = writer.floats(new Float32Array(16), [4, 4]);
  const first = writer.add('FULLY_CONNECTED', [input, weights], [1, 4]);
  const raised = writer.add('ADD', [first, writer.floats([1], [])], [1, 4]);
  const root = writer.add('RSQRT', [raised], [1, 4]);
  const scaled = writer.add('MUL', [first, root], [1, 4]);
  const second = writer.add('FULLY_CONNECTED', [scaled, weights], [1, 4]);
  return writer.finish([input], [writer.add('LOGISTIC', [second], [1, 4])]);
}

it('what leads to an operator without an 8-bit form, and what follows it, stays floats', () => {
  const graph = chain();
  expect([...floatOperators(graph)].map(({ name }) => name).sort()).toEqual(['ADD', 'MUL', 'RSQRT']);
});

it('the arena holds at least what is needed at one time', () => {
  // At RSQRT: the first result, which MUL takes later, the sum and the root, of 16 bytes each.
  expect(arenaBytes(chain())).toBe(48);
  expect(resolverLines(chain())).toEqual([
    'resolver.AddAdd();',
    'resolver.AddFullyConnected();',
    'resolver.AddLogistic();',
    'resolver.AddMul();',
    'resolver.AddRsqrt();',
  ]);
});
