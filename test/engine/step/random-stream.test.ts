import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { compile } from '../../../src/engine/step/compile.js';
import { RandomStream } from '../../../src/engine/step/random-stream.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

describe('a stream of random numbers', () => {
  it('gives a compiled step new ones in each call, those of the eager step', () => {
    const streams = [new RandomStream(5), new RandomStream(5)] as const;
    const draw = (stream: RandomStream) => (x: tf.Tensor) =>
      tf.stack([tf.add(x, stream.normal([3])), stream.uniform([3], 2, 4)]);
    const compiled = compile(draw(streams[1]));
    const x = tf.zeros([3]);
    const drawn = Array.from({ length: 4 }, () => [draw(streams[0])(x).dataSync(), compiled(x).dataSync()]);
    for (const [eager, other] of drawn) tf.test_util.expectArraysClose(other!, eager!, 1e-6);
    expect(new Set(drawn.map(([eager]) => eager!.join())).size).toBe(4);
    compiled.dispose();
  });

  it('has the distributions that it says', () => {
    const stream = new RandomStream(1);
    const { mean, variance } = tf.moments(stream.normal([20_000], 3, 2));
    expect(mean.dataSync()[0]).toBeCloseTo(3, 1);
    expect(Math.sqrt(variance.dataSync()[0]!)).toBeCloseTo(2, 1);
    const uniform = stream.uniform([20_000], -1, 3);
    expect(uniform.min().dataSync()[0]).toBeGreaterThanOrEqual(-1);
    expect(uniform.max().dataSync()[0]).toBeLessThan(3);
    expect(uniform.mean().dataSync()[0]).toBeCloseTo(1, 1);
    const dropped = stream.dropout(tf.ones([20_000]), 0.25);
    expect(dropped.equal(0).mean().dataSync()[0]).toBeCloseTo(0.25, 1);
    expect(dropped.mean().dataSync()[0]).toBeCloseTo(1, 1);
    expect(stream.dropout(tf.ones([2]), 0).dataSync()).toEqual(Float32Array.of(1, 1));
    stream.dispose();
  });

  it('needs a whole number as its seed', () => {
    expect(() => new RandomStream(0.5)).toThrow(/seed of a RandomStream is 0.5/);
  });
});
