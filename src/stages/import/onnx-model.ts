import { readOnnx, type OnnxFile } from '../../artifacts/foreign/onnx/read.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { readTextWithin } from '../../core/files.js';
import { tallied } from '../../core/format.js';
import type { PixelScaling } from '../../core/images.js';
import { complaintOf } from '../../core/validation.js';
import { startOnnxRuntime } from '../../engine/onnx-runtime/start.js';
import { planInput } from '../../models/importing/onnx/input-plan.js';
import { chooseOutput, classesOf, kindOf } from '../../models/importing/onnx/output-plan.js';
import { onnxPreprocessing, type OnnxPreprocessing } from '../../models/importing/onnx/preprocessing.js';
import { probe } from '../../models/importing/onnx/probe.js';
import { refusing, type Refuse } from '../../models/importing/onnx/refuse.js';
import { ONNX_MODEL, ONNX_TENSOR, type OnnxSettings } from '../../models/onnx/settings.js';
import { bytesOf } from './foreign-model.js';
import { sizeOf, type ImportOptions } from './import-options.js';
import { scalings, type Incoming, type Scaling } from './incoming.js';

/** A larger description is not read into memory. */
const MAX_TEXT_BYTES = 2 ** 20;

/** How many kinds of operators a description names. */
const NAMED_OPERATORS = 8;

/**
 * Reads an ONNX model with the file that says its preprocessing, and tries it on images of noise. Throws MODEL_UNSUPPORTED,
 * MODEL_UNREADABLE, DATA_UNREADABLE, USAGE, and what `startOnnxRuntime` throws.
 */
export async function readOnnxModel(
  path: string,
  options: ImportOptions,
  context: StageContext,
): Promise<Incoming> {
  const refuse = refusing(path);
  const bytes = await bytesOf(path);
  const file = readOnnx(bytes, path);
  const { described, place } = await readPreprocessing(path, file, options, refuse);
  const plan = planInput(file.inputs, described, refuse);
  const { name } = chooseOutput(file, described, refuse);
  const { mean = [], std = [], order = 'RGB' } = described;
  for (const [key, numbers] of Object.entries({ mean, std })) {
    if (numbers.length <= 1 || numbers.length === plan.shape.channels) continue;
    throw usage(
      `${place}: ${numbers.length} numbers as ${key}, and images have ${plan.shape.channels} channels`,
    );
  }
  const preprocessing = scalingOf(described, options, plan.input.type, refuse);
  const { input, layout, shape } = plan;
  const settings: OnnxSettings = { input, layout, order, mean, std, output: { name, kind: 'logits' } };
  await startOnnxRuntime(undefined, context);
  const rows = await probe(bytes, shape, preprocessing, settings, refuse, context.signal);
  const kind = kindOf(rows, name, file, described, refuse);
  const producer = `${file.producer.name} ${file.producer.version}`.trim();
  return {
    program: 'ONNX',
    programVersion: producer,
    model: { name: ONNX_MODEL, description: describeOperators(file), parameters: file.parameters },
    config: { [ONNX_MODEL]: { ...settings, output: { name, kind } } satisfies OnnxSettings },
    classes: classesOf(rows[0]!.length, refuse),
    classNames: described.classes,
    shape,
    preprocessing,
    tensors: new Map([[ONNX_TENSOR, { type: 'U8', shape: [bytes.length], bytes }]]),
    notes: [],
  };
}

/** What the file beside the model says, with what is said by options. */
async function readPreprocessing(
  path: string,
  file: OnnxFile,
  options: ImportOptions,
  refuse: Refuse,
): Promise<{ described: OnnxPreprocessing; place: string }> {
  const place = options.preprocessing ?? path.replace(/\.onnx$/i, '.json');
  const text = await readTextWithin(place, MAX_TEXT_BYTES);
  if (text === undefined && (options.preprocessing !== undefined || options.scaling === undefined)) {
    refuse(
      `${place}, which says its preprocessing, does not exist`,
      `write it: ${JSON.stringify(exampleFor(file))} (docs/import.md lists all keys)`,
    );
  }
  return { described: withOptions(parse(text ?? '{}', place), options, place), place };
}

/** How a file could begin. */
function exampleFor({ inputs: [input] }: OnnxFile): OnnxPreprocessing {
  const isOpen = input?.shape?.slice(1).some((size) => typeof size !== 'number') ?? false;
  return {
    ...(isOpen && { height: 28, width: 28, channels: 1 }),
    range: input?.type === 'uint8' ? [0, 255] : [0, 1],
  };
}

function parse(text: string, place: string): OnnxPreprocessing {
  let complaint: unknown;
  try {
    const parsed = onnxPreprocessing.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    complaint = parsed.error;
  } catch (error) {
    complaint = error;
  }
  const reason = `not a description of preprocessing: ${complaintOf(complaint)}`;
  throw new ToolkitError('MODEL_UNREADABLE', { path: place, reason }, { cause: complaint });
}

/** Throws USAGE for what both say. */
function withOptions(described: OnnxPreprocessing, options: ImportOptions, place: string): OnnxPreprocessing {
  const size = sizeOf(options);
  const { mean, std, classes, scaling } = options;
  const own: [option: string, isTwice: boolean][] = [
    ['--mean', mean.length > 0 && described.mean !== undefined],
    ['--std', std.length > 0 && described.std !== undefined],
    ['--classes', classes.length > 0 && described.classes !== undefined],
    ['--size', size !== undefined && (described.width ?? described.height) !== undefined],
    ['--scaling', scaling !== undefined && described.range !== undefined],
  ];
  const twice = own.find(([, isTwice]) => isTwice)?.[0];
  if (twice !== undefined) throw usage(`${twice} is given, and ${place} has its own`);
  return {
    ...described,
    ...(mean.length > 0 && { mean }),
    ...(std.length > 0 && { std }),
    ...size,
  };
}

function scalingOf(
  { range, mean, std }: OnnxPreprocessing,
  { scaling }: ImportOptions,
  type: OnnxSettings['input']['type'],
  refuse: Refuse,
): Scaling {
  const isBytes = type === 'uint8';
  const named = scaling ?? (isBytes ? 'none' : 'zero-one');
  const made: PixelScaling = range
    ? { scale: (range[1] - range[0]) / 255, offset: range[0] }
    : scalings[named];
  if (isBytes && (made.scale !== 1 || made.offset !== 0 || (mean ?? std) !== undefined)) {
    refuse(
      'it takes pixels as bytes (uint8), so they cannot be scaled',
      'leave range, mean and std out: the model scales pixels itself',
    );
  }
  return { scaling: range ? `${range[0]} to ${range[1]}` : named, ...made };
}

/** "opset 20: 3 Relu, 2 Conv, Gemm". */
function describeOperators({ operators, opset }: OnnxFile): string {
  return `opset ${opset}: ${tallied(operators, NAMED_OPERATORS)}`;
}

function usage(message: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint: 'leave out one of them' });
}
