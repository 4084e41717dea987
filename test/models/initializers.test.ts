import { describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { initializers } from '../../src/models/initializers.js';

const FAN_IN = 400;
const FAN_OUT = 100;
const COUNT = FAN_IN * FAN_OUT;

const deviation = (values: Float32Array): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

const kernelOf = (name: keyof typeof initializers): Float32Array =>
  initializers[name].kernel(new Random(1, 'kernel'), COUNT, FAN_IN, FAN_OUT);

const largest = (values: Float32Array): number =>
  values.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 0);

describe('initializers', () => {
  it('fan-in-uniform fills ±1/√inputs, for weights and biases, as PyTorch does', () => {
    for (const values of [
      kernelOf('fan-in-uniform'),
      initializers['fan-in-uniform'].bias(new Random(1, 'bias'), COUNT, FAN_IN),
    ]) {
      expect(largest(values)).toBeLessThanOrEqual(0.05);
      expect(largest(values)).toBeGreaterThan(0.0499);
      // A uniform distribution's standard deviation is its limit over √3.
      expect(deviation(values)).toBeCloseTo(0.05 / Math.sqrt(3), 3);
    }
  });

  it('glorot-uniform fills ±√(6 / (inputs + outputs)), and starts biases at 0', () => {
    const limit = Math.sqrt(6 / (FAN_IN + FAN_OUT));
    const values = kernelOf('glorot-uniform');
    expect(largest(values)).toBeLessThanOrEqual(Math.fround(limit));
    expect(deviation(values)).toBeCloseTo(limit / Math.sqrt(3), 3);
    expect(initializers['glorot-uniform'].bias(new Random(1, 'bias'), 3, FAN_IN)).toEqual(
      new Float32Array(3),
    );
  });

  it('he-normal has the standard deviation √(2 / inputs), and starts biases at 0', () => {
    const values = kernelOf('he-normal');
    const expected = Math.sqrt(2 / FAN_IN);
    expect(deviation(values)).toBeCloseTo(expected, 3);
    // Of a normal distribution 68.3 % lie within a standard deviation.
    const within = values.filter((value) => Math.abs(value) < expected).length / COUNT;
    expect(within).toBeCloseTo(0.683, 2);
    expect(initializers['he-normal'].bias(new Random(1, 'bias'), 3, FAN_IN)).toEqual(new Float32Array(3));
  });
});
