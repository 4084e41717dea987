import { slice, squeeze, tidy, type Tensor, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { DataType } from '../c-api/data-types.js';
import { attribute, type NodeAttribute } from '../c-api/graph-builder.js';
import { imageTypeOf } from './image-type.js';
import { nodeBackend, withTensors } from './node-backend.js';

const BYTES_TO_INTEGERS = [attribute.type('SrcT', DataType.UINT8), attribute.type('DstT', DataType.INT32)];

/**
 * Decodes a JPEG image to an int32 tensor of the shape [height, width, channels].
 *
 * @param channels 0: those of the image; 1: grey; 3: RGB
 * @param ratio downscaling: 1, 2, 4 or 8
 * @param fancyUpscaling slower, smoother upscaling of the chroma planes
 * @param tryRecoverTruncated whether to decode a truncated image as far as possible
 * @param acceptableFraction the fraction of lines that a truncated image must have
 * @param dctMethod "INTEGER_FAST", "INTEGER_ACCURATE", or "" for the default
 */
export function decodeJpeg(
  contents: Uint8Array,
  channels = 0,
  ratio = 1,
  fancyUpscaling = true,
  tryRecoverTruncated = false,
  acceptableFraction = 1,
  dctMethod = '',
): Tensor3D {
  return decode('DecodeJpeg', contents, [
    attribute.integer('channels', channels),
    attribute.integer('ratio', ratio),
    attribute.boolean('fancy_upscaling', fancyUpscaling),
    attribute.boolean('try_recover_truncated', tryRecoverTruncated),
    attribute.float('acceptable_fraction', acceptableFraction),
    attribute.text('dct_method', dctMethod),
  ]) as Tensor3D;
}

/**
 * Decodes a PNG image to an int32 tensor of the shape [height, width, channels].
 *
 * @param channels 0: those of the image; 1: grey; 3: RGB; 4: RGBA
 * @param dtype only int32
 */
export function decodePng(contents: Uint8Array, channels = 0, dtype = 'int32'): Tensor3D {
  requireInt32(dtype);
  return decode('DecodePng', contents, [attribute.integer('channels', channels)]) as Tensor3D;
}

/**
 * Decodes a BMP image to an int32 tensor of the shape [height, width, channels].
 *
 * @param channels 0: those of the image; 3: RGB; 4: RGBA
 */
export function decodeBmp(contents: Uint8Array, channels = 0): Tensor3D {
  return decode('DecodeBmp', contents, [attribute.integer('channels', channels)]) as Tensor3D;
}

/** Decodes all frames of a GIF image to an int32 tensor of the shape [frames, height, width, 3]. */
export function decodeGif(contents: Uint8Array): Tensor4D {
  return decode('DecodeGif', contents, []) as Tensor4D;
}

/**
 * Decodes a JPEG, PNG, GIF or BMP image, recognised by its first bytes, to an int32 tensor of the shape [height, width, channels], or
 * [frames, height, width, 3] for a GIF. Throws USAGE for other formats and TENSORFLOW_FAILED for a damaged image.
 *
 * @param channels as in the decoder of the format; a GIF always has 3
 * @param dtype only int32
 * @param expandAnimations `false`: only the first frame of a GIF, as a 3-D tensor
 */
export function decodeImage(
  content: Uint8Array,
  channels = 0,
  dtype = 'int32',
  expandAnimations = true,
): Tensor3D | Tensor4D {
  requireInt32(dtype);
  switch (imageTypeOf(content)) {
    case 'jpeg':
      return decodeJpeg(content, channels);
    case 'png':
      return decodePng(content, channels);
    case 'BMP':
      return decodeBmp(content, channels);
    case 'gif':
      if (expandAnimations) return decodeGif(content);
      return tidy(() => squeeze<Tensor3D>(slice(decodeGif(content), 0, 1), [0]));
  }
}

/**
 * Encodes an image of the shape [height, width, channels], with values from 0 to 255, as JPEG.
 *
 * @param format "grayscale", "rgb", or "" to choose by the number of channels
 * @param quality from 0 to 100
 * @param progressive whether it loads progressively, coarse to fine
 * @param optimizeSize whether to spend CPU time on a smaller file
 * @param chromaDownsampling whether to halve the resolution of colours
 * @param densityUnit the unit of `xDensity` and `yDensity`
 * @param xmpMetadata XMP metadata for the header
 */
export async function encodeJpeg(
  image: Tensor3D,
  format: '' | 'grayscale' | 'rgb' = '',
  quality = 95,
  progressive = false,
  optimizeSize = false,
  chromaDownsampling = true,
  densityUnit: 'in' | 'cm' = 'in',
  xDensity = 300,
  yDensity = 300,
  xmpMetadata = '',
): Promise<Uint8Array> {
  return encode('EncodeJpeg', image, [
    attribute.text('format', format),
    attribute.integer('quality', quality),
    attribute.boolean('progressive', progressive),
    attribute.boolean('optimize_size', optimizeSize),
    attribute.boolean('chroma_downsampling', chromaDownsampling),
    attribute.text('density_unit', densityUnit),
    attribute.integer('x_density', xDensity),
    attribute.integer('y_density', yDensity),
    attribute.text('xmp_metadata', xmpMetadata),
  ]);
}

/**
 * Encodes an image of the shape [height, width, channels], with values from 0 to 255, as PNG.
 *
 * @param compression from 0 to 9, or -1 for the default
 */
export async function encodePng(image: Tensor3D, compression = 1): Promise<Uint8Array> {
  return encode('EncodePng', image, [attribute.integer('compression', compression)]);
}

function decode(operation: string, contents: Uint8Array, attributes: readonly NodeAttribute[]): Tensor {
  const backend = nodeBackend();
  return withTensors(backend.binding, ({ own }) => {
    const { binding } = backend;
    const bytes = own(binding.createTensor([], DataType.STRING, [contents]));
    const [pixels] = binding.executeOp(operation, attributes, [bytes], 1);
    // tfjs has no uint8.
    const [integers] = binding.executeOp('Cast', BYTES_TO_INTEGERS, [own(pixels!.id)], 1);
    return backend.createOutputTensor(integers!);
  });
}

async function encode(
  operation: string,
  image: Tensor3D,
  attributes: readonly NodeAttribute[],
): Promise<Uint8Array> {
  const { binding } = nodeBackend();
  const pixels = Uint8Array.from(await image.data());
  return withTensors(binding, ({ own }) => {
    const bytes = own(binding.createTensor(image.shape, DataType.UINT8, pixels));
    const [encoded] = binding.executeOp(operation, attributes, [bytes], 1);
    const [content] = binding.tensorDataSync(own(encoded!.id)) as Uint8Array[];
    return content!;
  });
}

function requireInt32(dtype: string): void {
  if (dtype === 'int32') return;
  throw new ToolkitError('USAGE', {
    message: 'decodeImage could only return Tensor of type `int32` for now.',
    hint: 'omit dtype and cast the returned tensor',
  });
}
