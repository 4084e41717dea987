// Runs in a thread of its own (worker-thread.ts): half a second of computation for each image must not hold up the requests beside it.
import { parentPort, workerData } from 'node:worker_threads';

import { messageOf } from '../../core/errors.js';
import { EncryptedFileError } from '../../deployment/encrypted/encrypted-file.js';
import { EncryptedEvaluator } from '../../deployment/encrypted/evaluator.js';
import { readEncryptedModel } from '../../deployment/encrypted/folder.js';
import { importSeal } from '../../deployment/encrypted/load-seal.js';

/** Where the thread finds what it loads. */
export interface WorkerFolders {
  seal: string;
  model: string;
}

/** What the thread is asked for. */
export type WorkerTask =
  | { kind: 'add-keys'; file: Uint8Array }
  | { kind: 'remove-keys'; key: string }
  | { kind: 'classify'; file: Uint8Array };

/** What the thread answers: that it is ready, or what became of its task. */
export type WorkerReply =
  | { kind: 'ready' }
  | { kind: 'done'; answer: Uint8Array | undefined }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string };

async function main(): Promise<void> {
  const folders = workerData as WorkerFolders;
  const { model, packed } = await readEncryptedModel(folders.model);
  const evaluator = new EncryptedEvaluator(await importSeal(folders.seal), model, packed);
  parentPort?.on('message', (task: WorkerTask) => {
    perform(evaluator, task).then(
      (answer) => {
        reply({ kind: 'done', answer });
      },
      (error: unknown) => {
        const kind = error instanceof EncryptedFileError ? 'refused' : 'failed';
        reply({ kind, reason: messageOf(error) });
      },
    );
  });
  reply({ kind: 'ready' });
}

async function perform(evaluator: EncryptedEvaluator, task: WorkerTask): Promise<Uint8Array | undefined> {
  switch (task.kind) {
    case 'add-keys':
      await evaluator.addKeys(task.file);
      return undefined;
    case 'remove-keys':
      evaluator.removeKeys(task.key);
      return undefined;
    case 'classify':
      return evaluator.classify(task.file);
  }
}

function reply(message: WorkerReply): void {
  parentPort?.postMessage(message);
}

await main();
