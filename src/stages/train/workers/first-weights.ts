import type { StoredTensor } from '../../../artifacts/safetensors.js';
import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';
import type { TrainingVariables } from '../../../models/variables.js';

/** Gives all workers the weights of the first one: it alone can read the checkpoint of the best epoch. */
export async function takeFirstWeights(group: WorkerGroup, variables: TrainingVariables): Promise<void> {
  const stored = await variables.store();
  const own = Buffer.concat([...stored.values()].map(({ bytes }) => bytes));
  const taken = await group.broadcastBytes(own);
  if (group.isFirst) return;
  const tensors = new Map<string, StoredTensor>();
  let next = 0;
  for (const [name, tensor] of stored) {
    // Copied, so that numbers begin where numbers may begin.
    const bytes = Buffer.from(taken.subarray(next, (next += tensor.bytes.length)));
    tensors.set(name, { ...tensor, bytes });
  }
  const mismatch = variables.load(tensors, 'everything');
  if (mismatch !== undefined) throw new Error(`the first worker has another net: ${mismatch}`);
}
