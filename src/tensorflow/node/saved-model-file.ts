import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { MetaGraph, ModelTensorInfo, SignatureDefEntry } from '@tensorflow/tfjs-core';

import { messageOf, systemCodeOf, ToolkitError } from '../../core/errors.js';
import { readError } from '../../core/files.js';
import { readIntegers, readMessage } from '../../core/formats/protobuf-reader.js';
import { modelDataType } from './model-data-types.js';

/** TensorFlow's own signature, which initialises the model. */
const INIT_SIGNATURE = '__saved_model_init_op';

/** Field numbers of tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and tensor_shape.proto. */
const SavedModel = { META_GRAPHS: 2 } as const;
const MetaGraphDef = { META_INFO: 1, SIGNATURES: 5 } as const;
const MetaInfo = { TAGS: 4 } as const;
const Signature = { INPUTS: 1, OUTPUTS: 2 } as const;
const TensorInfo = { NAME: 1, TYPE: 2, SHAPE: 3 } as const;
const TensorShape = { SIZES: 2 } as const;
const Dimension = { SIZE: 1 } as const;
const MapEntry = { KEY: 1, VALUE: 2 } as const;

/**
 * The graphs of a SavedModel: their tags and their signatures with inputs and outputs; -1 stands for any size. Throws USAGE if the folder
 * has no saved_model.pb or a signature has a type that tfjs lacks, SOURCE_REFUSED if the file is damaged, and DATA_UNREADABLE.
 *
 * @param path the folder of the SavedModel
 */
export async function getMetaGraphsFromSavedModel(path: string): Promise<MetaGraph[]> {
  const file = join(path, 'saved_model.pb');
  const bytes = await readFile(file).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw readError(error, file);
    throw new ToolkitError('USAGE', {
      message: `There is no saved_model.pb file in the directory: ${path}`,
      hint: 'pass the folder that TensorFlow exported the model to',
    });
  });
  try {
    return (readMessage(bytes).get(SavedModel.META_GRAPHS) ?? []).map(metaGraphOf);
  } catch (error) {
    if (error instanceof ToolkitError) throw error;
    const hint = 'export the model again';
    throw new ToolkitError(
      'SOURCE_REFUSED',
      { path: file, reason: messageOf(error), hint },
      { cause: error },
    );
  }
}

function metaGraphOf(bytes: Uint8Array): MetaGraph {
  const fields = readMessage(bytes);
  const tags = readMessage(joined(fields.get(MetaGraphDef.META_INFO))).get(MetaInfo.TAGS) ?? [];
  const signatures = mapOf(fields.get(MetaGraphDef.SIGNATURES)).filter(([name]) => name !== INIT_SIGNATURE);
  return { tags: tags.map(text), signatureDefs: ofEntries(signatures, signatureOf) };
}

function signatureOf(bytes: Uint8Array): SignatureDefEntry {
  const fields = readMessage(bytes);
  return {
    inputs: ofEntries(mapOf(fields.get(Signature.INPUTS)), tensorOf),
    outputs: ofEntries(mapOf(fields.get(Signature.OUTPUTS)), tensorOf),
  };
}

function tensorOf(bytes: Uint8Array): ModelTensorInfo {
  const fields = readMessage(bytes);
  const { name: tfDtype, dtype } = modelDataType(readIntegers(bytes).get(TensorInfo.TYPE) ?? 0);
  const sizes = readMessage(joined(fields.get(TensorInfo.SHAPE))).get(TensorShape.SIZES) ?? [];
  const name = text(joined(fields.get(TensorInfo.NAME)));
  return { dtype, tfDtype, name, shape: sizes.map((size) => readIntegers(size).get(Dimension.SIZE) ?? 0) };
}

function mapOf(entries: readonly Uint8Array[] = []): [key: string, value: Uint8Array][] {
  const pairs = entries.map((entry): [string, Uint8Array] => {
    const fields = readMessage(entry);
    return [text(joined(fields.get(MapEntry.KEY))), joined(fields.get(MapEntry.VALUE))];
  });
  // TensorFlow writes them in any order; tfjs-node sorts them, and arrays of inputs follow that order.
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}

function ofEntries<Value>(
  entries: readonly (readonly [string, Uint8Array])[],
  read: (bytes: Uint8Array) => Value,
): Record<string, Value> {
  return Object.fromEntries(entries.map(([key, bytes]) => [key, read(bytes)]));
}

/** A message may come in parts, to be concatenated; a missing one is empty. */
function joined(parts: readonly Uint8Array[] = []): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
