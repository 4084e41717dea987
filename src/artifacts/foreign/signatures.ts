import { extname } from 'node:path';

/** The beginning and the end of a file. */
export interface FileEnds {
  head: Buffer;
  tail: Buffer;
  size: number;
}

/** What models are called whose layers can be read. */
export const KERAS = 'a Keras model';
const KERAS_HDF5 = 'a Keras model (HDF5)';
export const TENSORFLOW_JS = 'a TensorFlow.js model';

/** File formats by their magic bytes at an offset. */
const SIGNATURES: readonly [what: string, bytes: string, offset?: number][] = [
  [KERAS_HDF5, '\x89HDF\r\n\x1a\n'],
  ['a TensorFlow Lite model', 'TFL3', 4],
  ['a GGUF model', 'GGUF'],
  ['a PyTorch model', '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'],
  ['a NumPy array', '\x93NUMPY'],
  ['a pickled Python object', '\x80\x02'],
  ['a pickled Python object', '\x80\x03'],
  ['a pickled Python object', '\x80\x04'],
  ['a pickled Python object', '\x80\x05'],
  ['a gzip archive', '\x1f\x8b'],
  ['a PNG picture', '\x89PNG\r\n\x1a\n'],
  ['a JPEG picture', '\xff\xd8\xff'],
  ['a PDF document', '%PDF-'],
  ['an R object', 'RDX'],
  ['a program', '\x7fELF'],
];

/** Archive members that identify the format of a model. */
const MEMBERS: readonly [what: string, member: string][] = [
  [KERAS, 'model.weights.h5'],
  ['a PyTorch model', 'data.pkl'],
  ['a PyTorch model', 'constants.pkl'],
  ['a Core ML model', 'com.apple.CoreML'],
  ['a NumPy archive', '.npy'],
  ['a TensorFlow SavedModel in a ZIP archive', 'saved_model.pb'],
];

/** Models whose layers can be read. */
export const LAYERED: ReadonlySet<string> = new Set([KERAS, KERAS_HDF5, TENSORFLOW_JS]);

/** What a safetensors file is that is no checkpoint. */
export const OTHER_SAFETENSORS = 'a safetensors file of another kind';

/** Identifies a file by its content; undefined for unknown formats. */
export function describeFile(ends: FileEnds): string | undefined {
  const { head, tail } = ends;
  const starts = (bytes: string, offset = 0): boolean =>
    head.toString('latin1', offset, offset + bytes.length) === bytes;
  if (starts('PK\x03\x04')) {
    const names = head.toString('latin1') + tail.toString('latin1');
    return MEMBERS.find(([, member]) => names.includes(member))?.[0] ?? 'a ZIP archive';
  }
  if (isSafetensors(ends)) return OTHER_SAFETENSORS;
  const known = SIGNATURES.find(([, bytes, offset]) => starts(bytes, offset));
  if (known) return known[0];
  if (isOnnx(head)) return 'an ONNX model';
  return describeText(head);
}

/** Identifies a file by its name; undefined for unknown extensions. */
export function describeName(name: string): string | undefined {
  const kinds: Readonly<Record<string, string>> = {
    '.onnx': 'an ONNX model',
    '.ort': 'an ONNX Runtime model',
    '.keras': KERAS,
    '.h5': KERAS_HDF5,
    '.hdf5': KERAS_HDF5,
    '.pt': 'a PyTorch model',
    '.pth': 'a PyTorch model',
    '.tflite': 'a TensorFlow Lite model',
    '.mlmodel': 'a Core ML model',
    '.pb': 'a TensorFlow graph',
    '.ckpt': 'a checkpoint of TensorFlow or PyTorch',
    '.npz': 'a NumPy archive',
  };
  const extension = extname(name).toLowerCase();
  return Object.hasOwn(kinds, extension) ? kinds[extension] : undefined;
}

/** Whether a file starts with a plausible header length and a JSON object. */
function isSafetensors({ head, size }: FileEnds): boolean {
  if (head.length < 10) return false;
  const length = head.readBigUInt64LE(0);
  return length >= 2n && length <= BigInt(size) - 8n && /^\{\s*["}]/.test(head.toString('latin1', 8, 24));
}

/** Whether a file may be a checkpoint: its metadata contain a description or, as in all files of this program, a hash. */
export function mayBeCheckpoint(ends: FileEnds): boolean {
  const { head } = ends;
  if (!isSafetensors(ends)) return false;
  return /^\{"__metadata__":\{"(checkpoint|sha256)":|"sha256":"[0-9a-f]{64}"/.test(
    head.toString('latin1', 8),
  );
}

/**
 * Whether a protobuf message starts like ONNX's ModelProto: field 1, the format version, is a small number, followed by the producer
 * name or version, the operator sets or the graph.
 */
function isOnnx(head: Buffer): boolean {
  const [field, version = 0, next = 0] = head;
  return field === 0x08 && version >= 1 && version <= 0x20 && [0x12, 0x1a, 0x22, 0x3a, 0x42].includes(next);
}

function describeText(head: Buffer): string | undefined {
  const start = head.toString('utf8').trimStart();
  if (start.startsWith('{')) {
    if (/"(modelTopology|weightsManifest)"/.test(start)) return TENSORFLOW_JS;
    if (/"class_name"\s*:/.test(start)) return 'the architecture of a Keras model (JSON)';
    return 'a JSON file';
  }
  if (/^<\?xml[^]{0,200}<net\b|^<net\b/.test(start)) return 'an OpenVINO model';
  return undefined;
}
