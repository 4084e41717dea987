import { messageOf, ToolkitError } from '../../../core/errors.js';
import { shortened } from '../../../core/format.js';
import { GraphReader, Refusal } from './graph-reader.js';
import { Message } from './message.js';
import type { OnnxValue } from './types.js';

/** What an ONNX file says of itself. */
export interface OnnxFile {
  /** The program that wrote it, with its version: "pytorch 2.9.0". */
  readonly producer: { readonly name: string; readonly version: string };
  /** The version of the standard operators that it uses. */
  readonly opset: number;
  /** What is fed to it, without initial values that only look like inputs. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** How often it has each operator, subgraphs included. */
  readonly operators: ReadonlyMap<string, number>;
  /** The number of elements of its weights. */
  readonly parameters: number;
  /** The operator that makes a value: "Softmax". */
  readonly maker: (value: string) => string | undefined;
}

/** The versions of the standard operators that ONNX Runtime (engine/onnx-runtime) computes. */
const OPSETS = { first: 7, last: 26 } as const;

/** Numbers of the fields of ModelProto and OperatorSetIdProto (onnx/onnx.proto3). */
const ModelField = { PRODUCER: 2, PRODUCER_VERSION: 3, GRAPH: 7, OPSETS: 8, TRAINING: 20, FUNCTIONS: 25 };
const OpsetField = { DOMAIN: 1, VERSION: 2 };

/**
 * Reads the structure of an ONNX model and checks it, without allocating anything by what it claims. Throws MODEL_UNREADABLE where it is
 * damaged, and MODEL_UNSUPPORTED for weights in other files, operators that are not part of ONNX, and other versions.
 *
 * @param path what messages call the file
 */
export function readOnnx(bytes: Uint8Array, path: string): OnnxFile {
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof Refusal) {
      throw new ToolkitError('MODEL_UNSUPPORTED', { path, reason: error.message, hint: error.hint });
    }
    const reason = `not an intact ONNX model: ${shortened(messageOf(error), 300)}`;
    throw new ToolkitError('MODEL_UNREADABLE', { path, reason }, { cause: error });
  }
}

function readModel(bytes: Uint8Array): OnnxFile {
  const model = new Message(bytes);
  const graphs = model.messages(ModelField.GRAPH);
  const [graph] = graphs;
  if (!graph || graphs.length > 1) throw new Error(`it has ${graphs.length} graphs, expected one`);
  if (model.messages(ModelField.TRAINING).length > 0) {
    throw new Refusal(
      'it holds how it is trained as well',
      'export it for inference alone, without training information',
    );
  }
  const opset = opsetOf(model);
  const reader = new GraphReader(model.messages(ModelField.FUNCTIONS));
  const { inputs, outputs, makers } = reader.readMain(graph);
  const { operators, parameters } = reader;
  return {
    producer: {
      name: shortened(model.text(ModelField.PRODUCER) || 'ONNX', 100),
      version: shortened(model.text(ModelField.PRODUCER_VERSION), 100),
    },
    opset,
    inputs,
    outputs,
    operators,
    parameters,
    maker: (value) => makers.get(value),
  };
}

function opsetOf(model: Message): number {
  const versions = model
    .messages(ModelField.OPSETS)
    .filter((opset) => ['', 'ai.onnx'].includes(opset.text(OpsetField.DOMAIN)))
    .map((opset) => opset.integer(OpsetField.VERSION));
  const [version] = versions;
  if (version === undefined) throw new Error('it does not say which operators it uses (opset_import)');
  const { first, last } = OPSETS;
  if (versions.every((one) => one >= first && one <= last)) return version;
  throw new Refusal(
    `it uses opset ${versions.join(' and ')}; ONNX Runtime computes ${first} to ${last}`,
    'export it with opset 17 to 22, or convert it with onnx.version_converter',
  );
}

/** A value in words: "float32 [batch, 1, 28, 28]". */
export function valueInWords({ type, shape }: OnnxValue): string {
  return `${type} ${shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of unknown shape'}`;
}
