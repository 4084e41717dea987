import { z } from 'zod';

import { complaintOf } from '../../core/validation.js';
import { pixelsPerImage, type ImageShape } from '../../core/images.js';
import { HttpError } from '../http-errors.js';
import type { ListedNumbers } from './number-lists.js';
import { scanRequest } from './tensor-scanner.js';
import { pixelsOf, type RequestTensor } from './tensors.js';

/** The name of a model's input. */
export const INPUT = 'images';

// Parameters that are not known are left out, as the protocol asks.
const parameters = z.object({
  binary_data_output: z.boolean().optional(),
  /** In microseconds, as Triton has it. */
  timeout: z.number().min(0).optional(),
});

const tensorParameters = z.object({
  binary_data_size: z.int().min(0).optional(),
  binary_data: z.boolean().optional(),
});

const requestSchema = z.object({
  id: z.string().max(256).optional(),
  parameters: parameters.optional(),
  inputs: z
    .array(
      z.object({
        name: z.string().max(256),
        datatype: z.string().max(16),
        shape: z.array(z.int().min(0)).min(1).max(8),
        parameters: tensorParameters.optional(),
        // An empty list here: the scanner has taken the numbers out.
        data: z.unknown().optional(),
      }),
    )
    .length(1),
  outputs: z
    .array(z.object({ name: z.string().max(256), parameters: tensorParameters.optional() }))
    .max(16)
    .optional(),
});

/** What the documentation shows of a request. */
export const inferenceRequestSchema = requestSchema;

/** An inference request of the Open Inference Protocol, read and checked. */
export interface InferenceRequest {
  id: string | undefined;
  /** From 0 to 255: [count, height, width, channels]. */
  pixels: Uint8Array;
  count: number;
  /** The outputs that are wanted and whether each comes as bytes; undefined wants all. */
  outputs: readonly { name: string; isBinary: boolean }[] | undefined;
  /** Whether outputs are binary by default. */
  isBinary: boolean;
  /** What the client grants for the answer, in milliseconds. */
  timeoutMs: number | undefined;
}

/**
 * Reads an inference request. Throws BAD_REQUEST or BODY_TOO_LARGE.
 *
 * @param headerLength the Inference-Header-Content-Length: how many bytes of the body are JSON, before the tensors' bytes
 * @param maxImages how many images it may have
 */
export async function readInferenceRequest(
  body: Uint8Array,
  headerLength: number | undefined,
  { shape, maxImages }: { shape: ImageShape; maxImages: number },
): Promise<InferenceRequest> {
  if (headerLength !== undefined && headerLength > body.length) {
    throw new HttpError('BAD_REQUEST', 'Inference-Header-Content-Length is more than the body has');
  }
  const maxValues = maxImages * pixelsPerImage(shape);
  const scanned = await scanRequest(body.subarray(0, headerLength ?? body.length), maxValues);
  const request = parse(scanned.json);
  const binary = body.subarray(headerLength ?? body.length);
  const [input] = request.inputs;
  const tensor = takeData(input!, binary, scanned.data);
  requireShape(tensor, shape);
  const isBinary = request.parameters?.binary_data_output ?? false;
  const { timeout } = request.parameters ?? {};
  return {
    id: request.id,
    pixels: pixelsOf(tensor, maxValues),
    count: tensor.shape[0]!,
    outputs: request.outputs?.map(({ name, parameters }) => ({
      name,
      isBinary: parameters?.binary_data ?? isBinary,
    })),
    isBinary,
    timeoutMs: timeout === undefined || timeout === 0 ? undefined : timeout / 1000,
  };
}

type Parsed = z.infer<typeof requestSchema>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(bytes: Uint8Array): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new HttpError('BAD_REQUEST', 'the request is not JSON');
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpError('BAD_REQUEST', complaintOf(parsed.error));
}

function takeData(
  input: Parsed['inputs'][number],
  binary: Uint8Array,
  listed: ListedNumbers | undefined,
): RequestTensor {
  const { name, datatype, shape, data } = input;
  const size = input.parameters?.binary_data_size;
  if (size === undefined) {
    if (binary.length > 0) throw new HttpError('BAD_REQUEST', 'the body is longer than its tensors');
    if (Array.isArray(data) && listed) return { name, datatype, shape, data: listed };
    throw new HttpError('BAD_REQUEST', `input "${name}" needs data, a list of numbers`);
  }
  if (data !== undefined) throw new HttpError('BAD_REQUEST', `input "${name}" has data and binary_data_size`);
  if (size !== binary.length) {
    throw new HttpError(
      'BAD_REQUEST',
      `binary_data_size is ${size}, and ${binary.length} bytes follow the JSON`,
    );
  }
  return { name, datatype, shape, data: binary };
}

/** Images with all their dimensions, or as rows of pixels. */
function requireShape({ name, shape: found }: RequestTensor, shape: ImageShape): void {
  const { height, width, channels } = shape;
  if (name !== INPUT) throw new HttpError('BAD_REQUEST', `the model has no input "${name}", only "${INPUT}"`);
  const [count = 0, ...rest] = found;
  const fits = [
    [height, width, channels],
    [pixelsPerImage(shape)],
    ...(channels === 1 ? [[height, width]] : []),
  ].some((expected) => expected.join() === rest.join());
  if (!fits || count < 1) {
    const expected = `[n, ${height}, ${width}, ${channels}] with n from 1`;
    throw new HttpError(
      'BAD_REQUEST',
      `input "${name}" has the shape [${found.join(', ')}], not ${expected}`,
    );
  }
}
