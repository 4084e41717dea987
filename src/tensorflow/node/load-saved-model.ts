import { resolve } from 'node:path';

import type { MetaGraph, SignatureDefEntry } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { nodeBackend } from './node-backend.js';
import { getMetaGraphsFromSavedModel } from './saved-model-file.js';
import { TFSavedModel } from './saved-model.js';

/** An open session, and the number of models that share it: signatures of one graph do. */
interface OpenSession {
  readonly id: number;
  users: number;
}

const openSessions = new Map<string, OpenSession>();

/**
 * Loads a signature of a SavedModel, exported by TensorFlow or Keras. Signatures of one model share its session and variables while any
 * of them is loaded. Throws USAGE, SOURCE_REFUSED, DATA_UNREADABLE, TENSORFLOW_FAILED or OUT_OF_MEMORY.
 *
 * @param path the folder of the SavedModel
 * @param tags the tags of the graph; `getMetaGraphsFromSavedModel` lists them
 * @param signature the name of the signature
 */
export async function loadSavedModel(
  path: string,
  tags: readonly string[] = ['serve'],
  signature = 'serving_default',
): Promise<TFSavedModel> {
  const backend = nodeBackend();
  const graphs = await getMetaGraphsFromSavedModel(path);
  const entry = getSignatureDefEntryFromMetaGraphInfo(graphs, tags, signature);
  const key = JSON.stringify([resolve(path), ...[...tags].sort()]);
  const session = openSessions.get(key) ?? {
    id: backend.loadSavedModelMetaGraph(path, tags.join()),
    users: 0,
  };
  openSessions.set(key, session);
  session.users++;
  const release = (): void => {
    if (--session.users > 0) return;
    openSessions.delete(key);
    backend.deleteSavedModel(session.id);
  };
  return new TFSavedModel({ session: session.id, release }, entry);
}

/** The number of SavedModels in memory; signatures of one model count once. */
export function getNumOfSavedModels(): number {
  return nodeBackend().binding.getNumOfSavedModels();
}

/** A signature of the graph with exactly these tags. Throws USAGE, with tfjs-node's message, if there is none. */
export function getSignatureDefEntryFromMetaGraphInfo(
  graphs: readonly MetaGraph[],
  tags: readonly string[],
  signature: string,
): SignatureDefEntry {
  const wanted = [...tags].sort().join();
  const graph = graphs.find((each) => [...each.tags].sort().join() === wanted);
  if (!graph) {
    throw new ToolkitError('USAGE', {
      message: `The SavedModel does not have tags: ${tags.join()}`,
      hint: `it has ${graphs.map((each) => each.tags.join('+')).join(' and ')}`,
    });
  }
  const entry = Object.hasOwn(graph.signatureDefs, signature) ? graph.signatureDefs[signature] : undefined;
  if (entry) return entry;
  throw new ToolkitError('USAGE', {
    message: `The SavedModel does not have signature: ${signature}`,
    hint: `it has ${Object.keys(graph.signatureDefs).join(', ')}`,
  });
}
