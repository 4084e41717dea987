import { indexOfMaximum } from '../../evaluation/probabilities.js';
import { HttpError } from '../http-errors.js';
import type { InferenceRequest } from './request.js';
import { bytesOf, type ResponseTensor } from './tensors.js';

/** The outputs of every model, in the order in which they are given when nobody names any. */
export const outputNames = ['probabilities', 'logits', 'class'] as const;

/** What becomes of a request. */
export interface EncodedResponse {
  body: Buffer | string;
  contentType: string;
  /** The length of the JSON before the tensors' bytes, if there are any. */
  headerLength: number | undefined;
}

/** Softmax of logits, row by row. */
export function probabilitiesOf(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const maximum = row[indexOfMaximum(row)]!;
    let sum = 0;
    for (const logit of row) sum += Math.exp(logit - maximum);
    row.forEach((logit, index) => (probabilities[start + index] = Math.exp(logit - maximum) / sum));
  }
  return probabilities;
}

/** The class of the largest logit, row by row. */
export function classesOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) =>
    indexOfMaximum(logits.subarray(row * classes, (row + 1) * classes)),
  );
}

/** An answer of the Open Inference Protocol, as JSON or as JSON with the tensors' bytes behind. Throws BAD_REQUEST. */
export function encodeResponse(
  request: InferenceRequest,
  model: { name: string; version: string; classes: number; id: string },
  logits: Float32Array,
): EncodedResponse {
  const wanted = request.outputs ?? outputNames.map((name) => ({ name, isBinary: request.isBinary }));
  const parts: Uint8Array[] = [];
  const outputs = wanted.map(({ name, isBinary }) => {
    const tensor = outputTensor(name, logits, model.classes);
    const { datatype, shape, values } = tensor;
    if (!isBinary) return { name, datatype, shape, data: Array.from(values) };
    const bytes = bytesOf(tensor);
    parts.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = JSON.stringify({
    model_name: model.name,
    model_version: model.version,
    id: model.id,
    outputs,
  });
  if (parts.length === 0) return { body: json, contentType: 'application/json', headerLength: undefined };
  const header = Buffer.from(json);
  return {
    body: Buffer.concat([header, ...parts]),
    contentType: 'application/octet-stream',
    headerLength: header.length,
  };
}

function outputTensor(name: string, logits: Float32Array, classes: number): ResponseTensor {
  const count = logits.length / classes;
  switch (name) {
    case 'probabilities':
      return { name, datatype: 'FP32', shape: [count, classes], values: probabilitiesOf(logits, classes) };
    case 'logits':
      return { name, datatype: 'FP32', shape: [count, classes], values: logits };
    case 'class':
      return { name, datatype: 'INT32', shape: [count], values: classesOf(logits, classes) };
    default: {
      const known = outputNames.join(', ');
      throw new HttpError('BAD_REQUEST', `the model has no output ${JSON.stringify(name)}, only ${known}`);
    }
  }
}
