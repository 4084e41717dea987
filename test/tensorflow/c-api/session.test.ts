import { beforeAll, describe, expect, it } from 'vitest';

import { DataType } from '../../../src/tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder, type NodeAttribute } from '../../../src/tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../../src/tensorflow/c-api/tensors.js';
import { OperationDefinitions } from '../../../src/tensorflow/c-api/operation-definitions.js';
import { completeTypes } from '../../../src/tensorflow/c-api/operation-types.js';
import { Session } from '../../../src/tensorflow/c-api/session.js';
import { tensorFlowContext } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { addLoop } from '../../../src/tensorflow/c-api/while-loop.js';
import { startTensorFlow } from '../../support/training.js';

const float = [attribute.type('T', DataType.FLOAT)];

function floats(...values: number[]): HostTensor {
  return { type: DataType.FLOAT, shape: [values.length], values: Float32Array.from(values) };
}

function open(build: (graph: GraphBuilder) => void): Session {
  const { api, config } = tensorFlowContext();
  const session = new Session(api, config);
  const graph = new GraphBuilder();
  build(graph);
  session.extend(graph.finish());
  return session;
}

beforeAll(() => startTensorFlow());

describe('a session', () => {
  it('feeds placeholders and fetches outputs, also those after the first', async () => {
    const session = open((graph) => {
      const x = graph.placeholder('x', DataType.FLOAT, [-1]);
      graph.node('Mul', [x, graph.constant(floats(2, 3))], float, 'product');
      graph.node(
        'Unpack',
        [x],
        [...float, attribute.integer('num', 2), attribute.integer('axis', 0)],
        'parts',
      );
    });
    const fetched = await session.run({
      feeds: { x: floats(5, -7) },
      fetches: ['product', 'parts:1', 'parts'],
    });
    expect(fetched.map((values) => [...values])).toEqual([[10, -21], [-7], [5]]);
    session.close();
  });

  it('keeps constants of every type and of many bytes', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    const session = open((graph) => {
      const constant = graph.constant({ type: DataType.UINT8, shape: [100, 1000], values: bytes });
      graph.node('Identity', [constant], [attribute.type('T', DataType.UINT8)], 'bytes');
      graph.node(
        'Identity',
        [graph.integer([-1, 2 ** 31 - 1])],
        [attribute.type('T', DataType.INT32)],
        'integers',
      );
    });
    const [copy, integers] = await session.run({ fetches: ['bytes', 'integers'] });
    expect(copy).toEqual(bytes);
    expect(integers).toEqual(Int32Array.of(-1, 2 ** 31 - 1));
    session.close();
  });

  it('can be extended after it has run', async () => {
    const session = open((graph) => graph.node('Identity', [graph.constant(floats(1))], float, 'one'));
    await session.run({ fetches: ['one'] });
    const more = new GraphBuilder('more_');
    more.node('Neg', [more.constant(floats(3))], float, 'minus_three');
    session.extend(more.finish());
    expect(await session.run({ fetches: ['minus_three'] })).toEqual([Float32Array.of(-3)]);
    session.close();
  });

  it('says what TensorFlow says when a graph or a run is wrong', async () => {
    expect(() => open((graph) => graph.node('NoSuchOperation', []))).toThrow(
      expect.objectContaining({
        code: 'TENSORFLOW_FAILED',
        message: expect.stringMatching(/NoSuchOperation/) as string,
      }),
    );
    const session = open((graph) => {
      const x = graph.placeholder('x', DataType.FLOAT, [-1]);
      graph.node('Add', [x, graph.constant(floats(1, 2, 3))], float, 'sum');
    });
    await expect(session.run({ feeds: { x: floats(1, 2) }, fetches: ['sum'] })).rejects.toMatchObject({
      code: 'TENSORFLOW_FAILED',
      message: expect.stringMatching(/[Ii]ncompatible shapes/) as string,
    });
    await expect(session.run({ fetches: ['nothing'] })).rejects.toThrow('no node nothing');
    // It is as usable as before.
    expect(await session.run({ feeds: { x: floats(1, 1, 1) }, fetches: ['sum'] })).toEqual([
      Float32Array.of(2, 3, 4),
    ]);
    session.close();
  });

  it('refuses inputs and constants whose bytes, sizes or rank TensorFlow would not survive', async () => {
    const session = open((graph) => {
      const x = graph.placeholder('x', DataType.FLOAT, [-1]);
      graph.node('Identity', [x], float, 'same');
    });
    const shapes = [
      [10_000],
      [1],
      [-1, -2],
      [-2],
      [1.5],
      [NaN],
      [2 ** 40, 2 ** 40, 0],
      new Array(300).fill(1),
    ];
    for (const shape of shapes as number[][]) {
      const feeds = { x: { ...floats(1, 2), shape } };
      await expect(session.run({ feeds, fetches: ['same'] })).rejects.toMatchObject({
        code: 'TENSORFLOW_FAILED',
        message: expect.stringContaining('the input x') as string,
      });
      expect(() => open((graph) => graph.constant(feeds.x))).toThrow(
        expect.objectContaining({ code: 'TENSORFLOW_FAILED' }),
      );
    }
    for (const shape of [[-2], new Array(300).fill(1)] as number[][]) {
      expect(() => open((graph) => graph.placeholder('x', DataType.FLOAT, shape))).toThrow(
        expect.objectContaining({ code: 'TENSORFLOW_FAILED' }),
      );
    }
    expect(await session.run({ feeds: { x: floats(3) }, fetches: ['same'] })).toEqual([Float32Array.of(3)]);
    session.close();
  });

  it('says of memory that cannot be had that it is that', async () => {
    const session = open((graph) => {
      const shape = graph.integer([1 << 30, 1 << 14]);
      const one = graph.constant({ type: DataType.FLOAT, shape: [], values: Float32Array.of(1) });
      const types = [attribute.type('T', DataType.FLOAT), attribute.type('index_type', DataType.INT32)];
      graph.node('Fill', [shape, one], types, 'huge');
    });
    await expect(session.run({ targets: ['huge'] })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(
        /^out of memory: OOM when allocating tensor with shape\[1073741824,16384\]/,
      ) as string,
    });
    session.close();
  });

  it('closed while a run is under way, lets it end, and refuses the next', async () => {
    const session = open((graph) => graph.node('Identity', [graph.constant(floats(4))], float, 'four'));
    const running = session.run({ fetches: ['four'] });
    session.close();
    session.close();
    expect(await running).toEqual([Float32Array.of(4)]);
    await expect(session.run({ fetches: ['four'] })).rejects.toThrow('closed');
  });
});

it('a loop goes round as often as it is told, and hands its values on', async () => {
  const session = open((graph) => {
    const times = graph.placeholder('times', DataType.INT32, []);
    const [result] = addLoop(graph, 'doubling', {
      times,
      parallel: 1,
      carried: [{ output: graph.constant(floats(1)), type: DataType.FLOAT }],
      body: (inside, _index, [value]) => [graph.node('Mul', [value!, inside.constant(floats(2))], float)],
    });
    graph.node('Identity', [result!], float, 'result');
  });
  const run = async (times: number): Promise<number> => {
    const feed = { type: DataType.INT32, shape: [], values: Int32Array.of(times) };
    return (await session.run({ feeds: { times: feed }, fetches: ['result'] }))[0]![0]!;
  };
  expect([await run(0), await run(1), await run(10)]).toEqual([1, 2, 1024]);
  session.close();
});

it('type attributes that a kernel leaves out, or has wrong, are inferred from the inputs', () => {
  const definitions = new OperationDefinitions(tensorFlowContext().api);
  const complete = (name: string, given: NodeAttribute[], types: number[]): NodeAttribute[] =>
    completeTypes(definitions.of(name), given, types);
  const { FLOAT, INT32 } = DataType;
  const expected = [attribute.type('T', FLOAT), attribute.type('Tdim', INT32)];
  expect(complete('ExpandDims', [], [FLOAT, INT32])).toEqual(expected);
  expect(complete('ExpandDims', expected, [FLOAT, INT32])).toEqual(expected);
  expect(complete('ExpandDims', [attribute.type('T', INT32)], [FLOAT, INT32])).toEqual(expected);
  // Behind a list, an input has no fixed place.
  const ofList = [attribute.integer('N', 2), attribute.type('T', FLOAT), attribute.type('Tidx', INT32)];
  expect(complete('ConcatV2', ofList, [FLOAT, FLOAT, INT32])).toEqual(ofList);
  expect(complete('NoSuchOperation', [], [])).toEqual([]);
});
