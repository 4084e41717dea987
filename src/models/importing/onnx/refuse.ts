import { ToolkitError } from '../../../core/errors.js';

/** Refuses an ONNX model. */
export type Refuse = (reason: string, hint?: string) => never;

/** Throws MODEL_UNSUPPORTED for a file. */
export function refusing(path: string): Refuse {
  return (reason, hint) => {
    throw new ToolkitError('MODEL_UNSUPPORTED', { path, reason, ...(hint !== undefined && { hint }) });
  };
}
