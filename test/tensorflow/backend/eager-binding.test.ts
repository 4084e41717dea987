import { beforeAll, describe, expect, it } from 'vitest';

import { EagerBinding } from '../../../src/tensorflow/backend/eager-binding.js';
import { openTensorFlow } from '../../support/tensorflow.js';

let binding: EagerBinding;

beforeAll(async () => {
  binding = new EagerBinding(await openTensorFlow());
});

const typeAttribute = (name: string, value: number): { name: string; type: number; value: number } => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value,
});

const refusal = (message: RegExp): Error =>
  expect.objectContaining({
    code: 'TENSORFLOW_FAILED',
    message: expect.stringMatching(message) as string,
  }) as Error;

describe('tensors', () => {
  const roundTrips = [
    ['float32', 'TF_FLOAT', [2, 2], new Float32Array([1.5, -0, Infinity, NaN])],
    ['int32', 'TF_INT32', [3], new Int32Array([-(2 ** 31), 0, 2 ** 31 - 1])],
    ['uint8', 'TF_UINT8', [1, 3], new Uint8Array([0, 128, 255])],
    ['bool', 'TF_BOOL', [2], new Uint8Array([0, 1])],
    ['complex64, as pairs of floats', 'TF_COMPLEX64', [1], new Float32Array([1, -2])],
    ['no values', 'TF_FLOAT', [0, 5], new Float32Array(0)],
  ] as const;

  for (const [name, type, shape, values] of roundTrips) {
    it(`come back as they went: ${name}`, () => {
      const before = binding.getNumOfTensors();
      const id = binding.createTensor([...shape], binding[type], values);
      expect(binding.getNumOfTensors()).toBe(before + 1);
      expect(binding.tensorDataSync(id)).toEqual(values);
      binding.deleteTensor(id);
      expect(binding.getNumOfTensors()).toBe(before);
    });
  }

  it('of 64-bit integers go as pairs of 32-bit words and come back as bigints', () => {
    const id = binding.createTensor([2], binding.TF_INT64, new Int32Array([-1, 7, -2, -1]));
    expect(binding.tensorDataSync(id)).toEqual(BigInt64Array.of((8n << 32n) - 1n, -2n));
    expect(binding.read(id).values).toEqual(new Int32Array([-1, 7, -2, -1]));
    binding.deleteTensor(id);
  });

  it('of strings come back as they went, short and long, and through an operation', () => {
    const texts = ['', 'a', 'x'.repeat(22), 'y'.repeat(23), 'z'.repeat(100_000), 'grüße 🙂'];
    const bytes = texts.map((text) => new TextEncoder().encode(text));
    const before = binding.getNumOfTensors();
    const id = binding.createTensor([2, 3], binding.TF_STRING, bytes);
    expect(binding.tensorDataSync(id)).toEqual(bytes);
    const [upper] = binding.executeOp('StringUpper', [], [id], 1);
    expect(upper).toMatchObject({ shape: [2, 3], dtype: binding.TF_STRING });
    // Results do not point into the input, which is freed.
    binding.deleteTensor(id);
    const [again] = binding.executeOp('StringLower', [], [upper!.id], 1);
    const read = binding.tensorDataSync(again!.id) as Uint8Array[];
    expect(read.map((text) => new TextDecoder().decode(text))).toEqual(texts);
    for (const tensor of [upper!, again!]) binding.deleteTensor(tensor.id);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('take a part of an array for what it is', () => {
    const id = binding.createTensor([2], binding.TF_INT32, new Int32Array([1, 2, 3, 4]).subarray(1, 3));
    expect(binding.tensorDataSync(id)).toEqual(new Int32Array([2, 3]));
    binding.deleteTensor(id);
  });

  it('take plain arrays of numbers and booleans', () => {
    const booleans = binding.createTensor([2], binding.TF_BOOL, [true, false] as unknown as Uint8Array);
    expect(binding.tensorDataSync(booleans)).toEqual(new Uint8Array([1, 0]));
    const numbers = binding.createTensor([2], binding.TF_FLOAT, [0.5, 2] as unknown as Float32Array);
    expect(binding.tensorDataSync(numbers)).toEqual(new Float32Array([0.5, 2]));
    for (const id of [booleans, numbers]) binding.deleteTensor(id);
  });

  it('are refused where their values do not fill their shape', () => {
    const before = binding.getNumOfTensors();
    for (const shape of [[3], [1], [2, 2], []]) {
      expect(() => binding.createTensor(shape, binding.TF_FLOAT, new Float32Array(2))).toThrow(
        refusal(/8 bytes for the shape/),
      );
    }
    for (const shape of [[-1, -2], [-2], [2 ** 40, 2 ** 40, 0], new Array<number>(300).fill(1)]) {
      expect(() => binding.createTensor(shape, binding.TF_FLOAT, new Float32Array(2))).toThrow(
        refusal(/a new tensor: (the shape|300 axes)/),
      );
      const attribute = { name: 'shape', type: binding.TF_ATTR_SHAPE, value: shape };
      if (shape[0] === -1) continue;
      expect(() =>
        binding.executeOp('Placeholder', [typeAttribute('dtype', binding.TF_FLOAT), attribute], [], 1),
      ).toThrow(refusal(/the attribute shape/));
    }
    expect(() => binding.createTensor([2], binding.TF_STRING, [new Uint8Array(1)])).toThrow(
      refusal(/1 strings for the shape \[2\]/),
    );
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('are gone when they are deleted', () => {
    const id = binding.createTensor([], binding.TF_INT32, new Int32Array([1]));
    binding.deleteTensor(id);
    expect(() => binding.tensorDataSync(id)).toThrow(/does not exist any more/);
    expect(() => {
      binding.deleteTensor(id);
    }).toThrow(/does not exist any more/);
  });
});

describe('executeOp', () => {
  it('runs an operation and describes its output', () => {
    const a = binding.createTensor([2, 3], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4, 5, 6]));
    const b = binding.createTensor([3, 1], binding.TF_FLOAT, new Float32Array([1, 10, 100]));
    const attributes = [
      typeAttribute('T', binding.TF_FLOAT),
      { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
      { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
    ];
    const [product] = binding.executeOp('MatMul', attributes, [a, b], 1);
    expect(product).toMatchObject({ shape: [2, 1], dtype: binding.TF_FLOAT });
    expect(binding.tensorDataSync(product!.id)).toEqual(new Float32Array([321, 654]));
    for (const id of [a, b, product!.id]) binding.deleteTensor(id);
  });

  it('takes attributes of every type', () => {
    const before = binding.getNumOfTensors();
    const image = binding.createTensor([1, 2, 2, 1], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4]));
    const ones = { type: binding.TF_ATTR_INT, value: [1, 2, 2, 1] };
    const pooling = [
      typeAttribute('T', binding.TF_FLOAT),
      { name: 'ksize', ...ones },
      { name: 'strides', ...ones },
      { name: 'padding', type: binding.TF_ATTR_STRING, value: 'VALID' },
      { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    ];
    const [largest] = binding.executeOp('MaxPool', pooling, [image], 1);
    expect(binding.tensorDataSync(largest!.id)).toEqual(new Float32Array([4]));
    const leaky = [
      typeAttribute('T', binding.TF_FLOAT),
      { name: 'alpha', type: binding.TF_ATTR_FLOAT, value: 0.5 },
    ];
    const negative = binding.createTensor([1], binding.TF_FLOAT, new Float32Array([-3]));
    const [halved] = binding.executeOp('LeakyRelu', leaky, [negative], 1);
    expect(binding.tensorDataSync(halved!.id)).toEqual(new Float32Array([-1.5]));
    const any = [
      typeAttribute('dtype', binding.TF_FLOAT),
      { name: 'shape', type: binding.TF_ATTR_SHAPE, value: [1] },
    ];
    const [same] = binding.executeOp('PlaceholderWithDefault', any, [negative], 1);
    expect(binding.tensorDataSync(same!.id)).toEqual(new Float32Array([-3]));
    for (const id of [image, largest!.id, negative, halved!.id, same!.id]) binding.deleteTensor(id);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('gives any number of outputs', () => {
    const count = 1000;
    const values = binding.createTensor(
      [count],
      binding.TF_INT32,
      Int32Array.from({ length: count }, (_, i) => i),
    );
    const attributes = [
      { name: 'num', type: binding.TF_ATTR_INT, value: count },
      typeAttribute('T', binding.TF_INT32),
      { name: 'axis', type: binding.TF_ATTR_INT, value: 0 },
    ];
    const scalars = binding.executeOp('Unpack', attributes, [values], count);
    expect(scalars).toHaveLength(count);
    expect(scalars.map(({ id }) => binding.tensorDataSync(id)[0])).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
    for (const id of [values, ...scalars.map((scalar) => scalar.id)]) binding.deleteTensor(id);
  });

  it('fails with TensorFlow’s words, and works again afterwards', () => {
    const before = binding.getNumOfTensors();
    const a = binding.createTensor([2], binding.TF_FLOAT, new Float32Array(2));
    const b = binding.createTensor([3], binding.TF_FLOAT, new Float32Array(3));
    const attributes = [typeAttribute('T', binding.TF_FLOAT)];
    expect(() => binding.executeOp('Add', attributes, [a, b], 1)).toThrow(
      refusal(/Add.*[Ii]ncompatible shapes/),
    );
    expect(() => binding.executeOp('NoSuchOperation', [], [], 1)).toThrow(refusal(/NoSuchOperation/));
    expect(() => binding.executeOp('Add', attributes, [a, -1], 1)).toThrow(/does not exist any more/);
    const [sum] = binding.executeOp('Add', attributes, [a, a], 1);
    expect(sum?.shape).toEqual([2]);
    for (const id of [a, b, sum!.id]) binding.deleteTensor(id);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('takes lists of strings and types', () => {
    const before = binding.getNumOfTensors();
    const integers = (values: number[]): number =>
      binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values));
    const inputs = [integers([-1, 2]), integers([1, 2, 3]), integers([0]), integers([0, 1, 3])];
    const reshaped = binding.executeOp(
      'Reshape',
      [typeAttribute('T', binding.TF_INT32), typeAttribute('Tshape', binding.TF_INT32)],
      [inputs[2]!, binding.createTensor([0], binding.TF_INT32, new Int32Array(0))],
      1,
    );
    const [dense] = binding.executeOp(
      'RaggedTensorToTensor',
      [
        typeAttribute('T', binding.TF_INT32),
        typeAttribute('Tindex', binding.TF_INT32),
        typeAttribute('Tshape', binding.TF_INT32),
        { name: 'num_row_partition_tensors', type: binding.TF_ATTR_INT, value: 1 },
        { name: 'row_partition_types', type: binding.TF_ATTR_STRING, value: ['ROW_SPLITS'] },
      ],
      [inputs[0]!, inputs[1]!, reshaped[0]!.id, inputs[3]!],
      1,
    );
    expect(binding.tensorDataSync(dense!.id)).toEqual(new Int32Array([1, 0, 2, 3]));
    const lists = [
      { name: 'dtypes', type: binding.TF_ATTR_TYPE, value: [binding.TF_FLOAT, binding.TF_INT32] },
      { name: 'shapes', type: binding.TF_ATTR_SHAPE, value: [] },
    ];
    expect(() => binding.executeOp('BatchDataset', lists, [], 1)).toThrow(refusal(/BatchDataset/));
    for (let id = 0; binding.getNumOfTensors() > before; id++) {
      try {
        binding.deleteTensor(id);
      } catch {
        continue;
      }
    }
  });

  it('refuses what an operation does not take, by the operation’s name', () => {
    const before = binding.getNumOfTensors();
    const a = binding.createTensor([2], binding.TF_FLOAT, new Float32Array(2));
    const T = typeAttribute('T', binding.TF_FLOAT);
    const text = (name: string, value: unknown): never =>
      ({ name, type: binding.TF_ATTR_STRING, value }) as never;
    const cases: [name: string, attributes: (typeof T)[], inputs: number[], reason: RegExp][] = [
      ['Add', [T], [a], /Add: it takes 2 inputs, not 1/],
      ['Add', [T], [a, a, a], /Add: it takes 2 inputs, not 3/],
      ['Add', [typeAttribute('U', 1)], [a, a], /Add: it has no attribute U/],
      ['Add', [text('T', 'float')], [a, a], /Add: the attribute T is type, not string/],
      ['Add', [typeAttribute('T', 9999)], [a, a], /Add: the attribute T is 9999/],
      ['Add', [typeAttribute('T', Number.NaN)], [a, a], /Add: the attribute T is NaN/],
      ['MaxPool', [text('padding', 3)], [a], /MaxPool: the attribute padding is number, not a text/],
      ['LeakyRelu', [{ name: 'alpha', type: binding.TF_ATTR_FLOAT, value: '1' as never }], [a], /LeakyRelu/],
    ];
    for (const [name, attributes, inputs, reason] of cases) {
      expect(() => binding.executeOp(name, attributes, inputs, 1)).toThrow(refusal(reason));
    }
    expect(() => binding.executeOp('Add', [T], [a, a], 2)).toThrow(refusal(/Add/));
    expect(() => binding.executeOp('Add', [T], [a, a], 0)).toThrow(refusal(/Add/));
    binding.deleteTensor(a);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('refuses to read what cannot be copied', () => {
    const name = (value: string): never =>
      ({ name: value, type: binding.TF_ATTR_STRING, value: '' }) as never;
    const [resource] = binding.executeOp(
      'VarHandleOp',
      [
        name('container'),
        name('shared_name'),
        typeAttribute('dtype', binding.TF_FLOAT),
        { name: 'shape', type: binding.TF_ATTR_SHAPE, value: [] },
      ],
      [],
      1,
    );
    expect(() => binding.tensorDataSync(resource!.id)).toThrow(refusal(/type 20/));
    binding.deleteTensor(resource!.id);
  });
});
