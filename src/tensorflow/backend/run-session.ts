import type { Address, Pointer } from '../c-api/c-api.js';
import type { EagerContext } from '../c-api/eager-context.js';
import type { Session } from '../c-api/session.js';

/**
 * Runs a session at once with eager tensors, whose memory it shares, and returns new ones, which the caller must delete. Throws
 * TENSORFLOW_FAILED or OUT_OF_MEMORY.
 *
 * @param inputNames the graph node of each input
 */
export function runOnHandles(
  context: EagerContext,
  session: Session,
  inputs: readonly Address[],
  inputNames: readonly string[],
  outputNames: readonly string[],
): Address[] {
  const tensors: Pointer[] = [];
  const handles: Address[] = [];
  const { api } = context;
  try {
    for (const input of inputs) tensors.push(resolve(context, input));
    const feeds = inputNames.map((name, index) => [name, tensors[index]!] as const);
    const results = session.runTensors(feeds, outputNames);
    tensors.push(...results);
    for (const result of results) handles.push(handleOf(context, result));
    return handles;
  } catch (error) {
    for (const handle of handles) api.TFE_DeleteTensorHandle(handle);
    throw error;
  } finally {
    for (const tensor of tensors) api.TF_DeleteTensor(tensor);
  }
}

function resolve(context: EagerContext, handle: Address): Pointer {
  const { api, status } = context;
  const tensor = api.TFE_TensorHandleResolve(handle, status);
  context.check('reading a tensor');
  return tensor;
}

function handleOf(context: EagerContext, tensor: Pointer): Address {
  const { api, status } = context;
  const handle = api.TFE_NewTensorHandle(tensor, status);
  context.check('a new tensor');
  return handle;
}
