import type { Verdict } from '../../evaluation/decisions/rule.js';
import { HttpError } from '../http-errors.js';
import type { Classified } from '../service.js';
import type { InferenceRequest } from './request.js';
import { bytesOf, type ResponseTensor } from './tensors.js';

/** The outputs of every model, in the order in which they are given when nobody names any. */
export const outputs = [
  { name: 'probabilities', datatype: 'FP32', ofClasses: true },
  { name: 'logits', datatype: 'FP32', ofClasses: true },
  { name: 'class', datatype: 'INT32', ofClasses: false },
  { name: 'abstained', datatype: 'BOOL', ofClasses: false },
  { name: 'reason', datatype: 'BYTES', ofClasses: false },
] as const;

/** Stands for a class where the decision is left to a person. */
export const NO_CLASS = -1;

/** What becomes of a request. */
export interface EncodedResponse {
  body: Buffer | string;
  contentType: string;
  /** The length of the JSON before the tensors' bytes, if there are any. */
  headerLength: number | undefined;
}

/** An answer of the Open Inference Protocol, as JSON or as JSON with the tensors' bytes behind. Throws BAD_REQUEST. */
export function encodeResponse(
  request: InferenceRequest,
  model: { name: string; version: string; id: string },
  { logits, verdicts }: Pick<Classified, 'logits' | 'verdicts'>,
): EncodedResponse {
  const wanted = request.outputs ?? outputs.map(({ name }) => ({ name, isBinary: request.isBinary }));
  const parts: Uint8Array[] = [];
  const tensors = wanted.map(({ name, isBinary }) => {
    const tensor = outputTensor(name, logits, verdicts);
    const { datatype, shape, values } = tensor;
    if (!isBinary) return { name, datatype, shape, data: [...values] };
    const bytes = bytesOf(tensor);
    parts.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = JSON.stringify({
    model_name: model.name,
    model_version: model.version,
    id: model.id,
    outputs: tensors,
  });
  if (parts.length === 0) return { body: json, contentType: 'application/json', headerLength: undefined };
  const header = Buffer.from(json);
  return {
    body: Buffer.concat([header, ...parts]),
    contentType: 'application/octet-stream',
    headerLength: header.length,
  };
}

function outputTensor(name: string, logits: Float32Array, verdicts: readonly Verdict[]): ResponseTensor {
  const count = verdicts.length;
  const ofClasses = { datatype: 'FP32' as const, shape: [count, logits.length / count] };
  switch (name) {
    case 'probabilities': {
      const values = new Float32Array(logits.length);
      verdicts.forEach(({ probabilities }, row) => {
        values.set(probabilities, row * probabilities.length);
      });
      return { name, ...ofClasses, values };
    }
    case 'logits':
      return { name, ...ofClasses, values: logits };
    case 'class': {
      const values = Int32Array.from(verdicts, ({ decision }) => decision.class ?? NO_CLASS);
      return { name, datatype: 'INT32', shape: [count], values };
    }
    case 'abstained': {
      const values = verdicts.map(({ decision }) => decision.abstained);
      return { name, datatype: 'BOOL', shape: [count], values };
    }
    case 'reason': {
      const values = verdicts.map(({ decision }) => decision.reason?.message ?? '');
      return { name, datatype: 'BYTES', shape: [count], values };
    }
    default: {
      const known = outputs.map((output) => output.name).join(', ');
      throw new HttpError('BAD_REQUEST', `the model has no output ${JSON.stringify(name)}, only ${known}`);
    }
  }
}
