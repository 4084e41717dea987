import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readOnnx } from '../../../src/artifacts/foreign/onnx/read.js';
import type { ToolkitError } from '../../../src/core/errors.js';
import { isToolkitError } from '../../../src/core/errors.js';
import { MessageWriter } from '../../../src/core/formats/protobuf.js';
import { Random } from '../../../src/core/random.js';
import { OnnxGraph, OnnxType, type OnnxShape } from '../../../src/deployment/onnx/graph.js';
import { OnnxSession } from '../../../src/engine/onnx-runtime/session.js';
import { onnxRuntime } from '../../../src/engine/onnx-runtime/start.js';
import { importModel } from '../../../src/index.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { importCase } from '../../support/imports.js';

interface Parts {
  input?: OnnxShape;
  type?: number;
  outputType?: number;
  /** Makes the scores of the logits. */
  ending?: (graph: OnnxGraph, logits: string) => string;
  change?: (graph: OnnxGraph) => void;
}

/** A model of one dense layer: images of 4×4 to three classes. */
function net({
  input = ['n', 1, 4, 4],
  type = OnnxType.FLOAT,
  outputType = OnnxType.FLOAT,
  ending,
  change,
}: Parts): Uint8Array {
  const graph = new OnnxGraph('net');
  graph.input('images', type, input);
  change?.(graph);
  const weights = graph.floats(
    Float32Array.from({ length: 48 }, (_, index) => Math.sin(index)),
    [16, 3],
  );
  const logits = graph.node('Gemm', [graph.node('Flatten', ['images']), weights]);
  graph.output(ending?.(graph, logits) ?? logits, outputType, ['n', 3]);
  return graph.finish('1', {});
}

/** A model of a graph written by hand. */
function raw(fill: (graph: MessageWriter) => void, opset = 17): Uint8Array {
  const graph = new MessageWriter();
  fill(graph);
  const version = new MessageWriter().text(1, '').integer(2, opset);
  return new MessageWriter().integer(1, 8).message(7, graph).message(8, version).finish();
}

const tensor = (): MessageWriter => new MessageWriter().integer(2, 1).text(8, 'w');
const location = new MessageWriter().text(1, 'location').text(2, '../../secret.bin');

/** Imports a model with a file that says its preprocessing. */
async function imported(bytes: Uint8Array, json: unknown = {}): Promise<unknown> {
  const folder = await temporaryFolder();
  const path = join(folder, 'net.onnx');
  await writeFile(path, bytes);
  await writeFile(join(folder, 'net.json'), typeof json === 'string' ? json : JSON.stringify(json));
  return importModel(path, { checkpointsDir: join(folder, 'runs'), dataset: 'own' });
}

it.each<[string, Uint8Array, RegExp]>([
  [
    'weights in another file',
    raw((graph) => graph.message(5, tensor().integer(1, 4).message(13, location).integer(14, 1))),
    /its tensor w is in another file \(\.\.\/\.\.\/secret\.bin\), which is not read/,
  ],
  [
    'an operator of somebody else',
    raw((graph) => graph.message(1, new MessageWriter().text(2, 'y').text(4, 'Magic').text(7, 'my.ops'))),
    /the operator Magic of my\.ops is not part of ONNX/,
  ],
  ['a version to come', raw(() => undefined, 40), /it uses opset 40; ONNX Runtime computes 7 to 26/],
  [
    'an input of whole numbers',
    net({ type: OnnxType.INT64 }),
    /"images" is int64 \[n, 1, 4, 4\]; images are/,
  ],
  [
    'two inputs',
    net({ change: (graph) => void graph.input('mask', 1, [1]) }),
    /2 inputs \("images", "mask"\)/,
  ],
  [
    'an output of whole numbers',
    net({ outputType: OnnxType.INT64 }),
    /is int64 \[n, 3\]; a score for each class/,
  ],
  [
    'two outputs',
    net({
      change: (graph) => {
        graph.output('more', 1, ['n']);
      },
    }),
    /2 outputs: "more" float32 \[n\]/,
  ],
  ['no place for channels', net({ input: ['n', 4, 4, 4] }), /does not show where the channels are/],
  ['a size that is open', net({ input: ['n', 1, 'h', 4] }), /leaves its height open/],
])('refuses %s before it is run', async (_, bytes, reason) => {
  expect((await toolkitError('MODEL_UNSUPPORTED', imported(bytes))).message).toMatch(reason);
});

it.each<[string, Parts, RegExp, object?]>([
  [
    'an operator that there is not',
    { ending: (graph, logits) => graph.node('Magic', [logits]) },
    /ONNX Runtime cannot compute it: .*Magic/,
  ],
  [
    'more memory than there is',
    {
      ending: (graph, logits) =>
        graph.node('Add', [
          logits,
          graph.node('ReduceMax', [graph.node('ConstantOfShape', [graph.integers([65_536, 65_536])])]),
        ]),
    },
    /ONNX Runtime cannot compute it/,
  ],
  [
    'a sigmoid for each class',
    { ending: (graph, logits) => graph.node('Sigmoid', [logits]) },
    /may be of several/,
  ],
  [
    'logits that are called probabilities',
    {},
    /said to be probabilities, and they are not/,
    { output: 'probabilities' },
  ],
  [
    'probabilities that are called logits',
    { ending: (graph, logits) => graph.node('Softmax', [logits]) },
    /said to be logits, and they are prob/,
    { output: 'logits' },
  ],
  [
    'chance',
    { ending: (graph, logits) => graph.node('Add', [logits, graph.node('RandomNormalLike', [logits])]) },
    /change from run to run/,
  ],
  [
    'answers that depend on other images',
    {
      ending: (graph, logits) =>
        graph.node('Sub', [logits, graph.node('ReduceMean', [logits], { axes: [0] })]),
    },
    /depends on the images beside it/,
  ],
  [
    'what is no number',
    { ending: (graph, logits) => graph.node('Log', [graph.node('Neg', [graph.node('Abs', [logits])])]) },
    /its outputs are not numbers/,
  ],
])('refuses %s when it is tried, and ends its thread', async (_, parts, reason, json = {}) => {
  const ended = new Promise((resolve) => {
    process.once('worker', (worker) => worker.once('exit', resolve));
  });
  expect((await toolkitError('MODEL_UNSUPPORTED', imported(net(parts), json))).message).toMatch(reason);
  await ended;
});

it('refuses what the file beside it says wrongly, and options twice', async () => {
  const wrong = async (json: unknown): Promise<string> =>
    ((await failureOf(imported(net({}), json))) as ToolkitError).message;
  expect(await wrong({ layuot: 'NCHW' })).toMatch(/net\.json: not a description of preprocessing: .*layuot/);
  expect(await wrong('{')).toMatch(/net\.json: not a description of preprocessing/);
  expect(await wrong({ layout: 'NHWC' })).toMatch(/4 channels with layout NHWC; images have 1 or 3/);
  expect(await wrong({ height: 5 })).toMatch(/its height is 4 with layout NCHW, and 5 is given/);
  expect(await wrong({ mean: [0.1, 0.2, 0.3] })).toMatch(/3 numbers as mean, and images have 1 channels/);
  expect(await wrong({ output_name: 'other' })).toMatch(
    /it has no output "other"; it has "Gemm_\d+" float32/,
  );
  expect(await wrong({ classes: ['a', 'b'] })).toMatch(/2 class names, and the model has 3 outputs/);
  const { file, folder } = await importCase('onnx-mnist');
  const twice = await toolkitError(
    'USAGE',
    importModel(file, { checkpointsDir: folder, run: 'a', mean: [0.5] }),
  );
  expect(twice.message).toContain('--mean is given');
  const none = importModel(file, {
    checkpointsDir: folder,
    run: 'a',
    preprocessing: join(folder, 'none.json'),
  });
  expect((await toolkitError('MODEL_UNSUPPORTED', none)).hint).toContain('{"range":[0,1]}');
  await toolkitError('USAGE', importModel(file, { checkpointsDir: folder, run: 'a', layers: 'x.json' }));
  const keras = await importCase('keras3-binary-keras');
  const foreign = importModel(keras.file, { checkpointsDir: folder, run: 'a', preprocessing: 'x.json' });
  expect((await toolkitError('USAGE', foreign)).message).toBe('--preprocessing is for an ONNX model');
});

it('a damaged file is refused in one line, or is another model', async () => {
  const { file } = await importCase('onnx-colour');
  const intact = await readFile(file);
  const random = new Random(1, 'damage');
  const damaged = [
    ...Array.from({ length: 100 }, (_, index) =>
      intact.subarray(0, Math.floor((index * intact.length) / 100)),
    ),
    ...Array.from({ length: 400 }, () => {
      const copy = Uint8Array.from(intact);
      copy[random.integer(copy.length)]! ^= 1 << random.integer(8);
      return copy;
    }),
  ];
  const codes = damaged.map((bytes) => {
    try {
      readOnnx(bytes, file);
      return 'intact';
    } catch (error) {
      return isToolkitError(error) && error.message.length < 700 ? error.code : String(error);
    }
  });
  expect([...new Set(codes)].filter((code) => code !== 'MODEL_UNSUPPORTED').sort()).toEqual([
    'MODEL_UNREADABLE',
    'intact',
  ]);
  expect(codes.slice(0, 100)).not.toContain('intact');
  // A tensor that claims more than the file holds.
  const greedy = raw((graph) =>
    graph.message(
      5,
      tensor()
        .integer(1, 2 ** 40)
        .bytes(9, new Uint8Array(4)),
    ),
  );
  expect(String(await failureOf(() => readOnnx(greedy, file)))).toContain('which its bytes do not hold');
});

it('a model that never ends is ended', async () => {
  const message = (): MessageWriter => new MessageWriter();
  const identity = (from: string, to: string): MessageWriter =>
    message().text(1, from).text(2, to).text(4, 'Identity');
  /** A tensor with a name, an element type and no dimensions. */
  const value = (name: string, type: number): MessageWriter =>
    message()
      .text(1, name)
      .message(2, message().message(1, message().integer(1, type).message(2, message())));
  const body = message().message(1, identity('c', 'd')).message(1, identity('v', 'w')).text(2, 'body');
  body.message(11, value('i', 7)).message(11, value('c', 9)).message(11, value('v', 1));
  body.message(12, value('d', 9)).message(12, value('w', 1));
  const most = new Uint8Array(BigInt64Array.of(2n ** 60n).buffer);
  const bytes = raw((graph) => {
    graph.message(5, message().integer(2, 7).text(8, 'most').bytes(9, most));
    graph.message(5, message().integer(2, 9).text(8, 'go').bytes(9, Uint8Array.of(1)));
    const loop = message().text(1, 'most').text(1, 'go').text(1, 'x').text(2, 'y').text(4, 'Loop');
    graph.message(1, loop.message(5, message().text(1, 'body').message(6, body).integer(20, 5)));
    graph.text(2, 'net').message(11, value('x', 1)).message(12, value('y', 1));
  });
  const { runtime } = await onnxRuntime();
  const session = await OnnxSession.open(runtime, bytes, { memory: 2 ** 30, loadMs: 60_000, runMs: 300 });
  const input = { name: 'x', type: 'float32' as const, shape: [], values: new Float32Array(1) };
  expect(String(await failureOf(session.run({ input, output: 'y' })))).toContain(
    'it takes longer than 0.3 s',
  );
  expect(session.isOpen).toBe(false);
});
