import { expect, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { GraphWriter } from '../../../src/deployment/tflite/builder.js';
import { encodeLite } from '../../../src/deployment/tflite/encode.js';
import { fuseActivation, fuseBias, scaleChannels } from '../../../src/deployment/tflite/fuse.js';
import type { LiteTensor } from '../../../src/deployment/tflite/graph.js';
import { LiteRtSession } from '../../../src/deployment/tflite/litert.js';

const ALONE = { isOnlyUse: () => true };
const SHARED = { isOnlyUse: () => false };
/** Two channels of 2×2. */
const PIXELS = Float32Array.of(1, 5, -2, 6, 3, -7, 4, 8);

/** A convolution that doubles the first channel and leaves the second, and a max pool over the whole image. */
function pooled(): { writer: GraphWriter; input: LiteTensor; result: LiteTensor } {
  const input: LiteTensor = { name: 'in', type: 'float32', shape: [1, 2, 2, 2] };
  const writer = new GraphWriter();
  const weights = writer.floats([2, 0, 0, 1], [2, 1, 1, 2]);
  const inputs = [input, weights, writer.floats([0, 0])];
  const convolved = writer.add('CONV_2D', inputs, input.shape, { padding: 'VALID', strides: [1, 1] });
  const options = { padding: 'VALID', strides: [2, 2], window: [2, 2] } as const;
  return { writer, input, result: writer.add('MAX_POOL_2D', [convolved], [1, 1, 1, 2], options) };
}

async function run(writer: GraphWriter, input: LiteTensor, output: LiteTensor): Promise<number[]> {
  const session = await LiteRtSession.load(
    encodeLite(writer.finish([input], [output]), 'test'),
    silentContext(),
  );
  const [bytes] = await session.run({ values: PIXELS, shape: input.shape });
  session.dispose();
  return [...new Float32Array(bytes!.buffer)];
}

it.each([
  ['goes through a max pool into the convolution', [3, 0.5], ['CONV_2D', 'MAX_POOL_2D']],
  [
    'that turns a channel around stays behind the max pool',
    [-3, 0.5],
    ['CONV_2D', 'MAX_POOL_2D', 'DEPTHWISE_CONV_2D'],
  ],
])('a batch normalisation %s', async (_, scale, names) => {
  const { writer, input, result } = pooled();
  const scaled = scaleChannels(writer, result, Float32Array.from(scale), Float32Array.of(1, -1), ALONE);
  expect(writer.operators.map(({ name }) => name)).toEqual(names);
  expect(await run(writer, input, scaled)).toEqual([8 * scale[0]! + 1, 8 * scale[1]! - 1]);
});

it('nothing becomes part of an operator whose result something else takes, too', () => {
  const { writer, result } = pooled();
  expect(fuseActivation(writer, result, 'RELU', SHARED)).toBeUndefined();
  expect(scaleChannels(writer, result, Float32Array.of(1, 1), new Float32Array(2), SHARED)).not.toBe(result);
  const convolved = writer.operators[0]!.outputs[0]!;
  expect(fuseBias(writer, convolved, writer.floats([1, 2]), SHARED)).toBeUndefined();
});

it('biases add up, and come before the activation only', async () => {
  const { writer, input } = pooled();
  const convolved = writer.operators[0]!.outputs[0]!;
  for (let times = 0; times < 2; times++)
    expect(fuseBias(writer, convolved, writer.floats([1, -2]), ALONE)).toBe(convolved);
  expect(fuseActivation(writer, convolved, 'RELU', ALONE)).toBe(convolved);
  expect(fuseBias(writer, convolved, writer.floats([1, 1]), ALONE)).toBeUndefined();
  expect(await run(writer, input, convolved)).toEqual([4, 1, 0, 2, 8, 0, 10, 4]);
});
