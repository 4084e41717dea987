import { ToolkitError } from '../../core/errors.js';

/** The image formats that can be decoded; tfjs-node's names. */
export const ImageType = { JPEG: 'jpeg', PNG: 'png', GIF: 'gif', BMP: 'BMP' } as const;

export type ImageTypeName = (typeof ImageType)[keyof typeof ImageType];

/** The magic bytes of each format, as in TensorFlow (tensorflow/core/kernels/decode_image_op.cc). */
const FIRST_BYTES: Readonly<Record<ImageTypeName, readonly number[]>> = {
  [ImageType.JPEG]: [0xff, 0xd8, 0xff],
  [ImageType.GIF]: [0x47, 0x49, 0x46, 0x38],
  [ImageType.PNG]: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  [ImageType.BMP]: [0x42, 0x4d],
};

/** The format of an encoded image. Throws USAGE, with tfjs-node's message, for an unknown format. */
export function imageTypeOf(content: Uint8Array): ImageTypeName {
  for (const type of Object.values(ImageType)) {
    const first = FIRST_BYTES[type];
    if (content.length > first.length && first.every((byte, index) => content[index] === byte)) return type;
  }
  throw new ToolkitError('USAGE', {
    message: 'Expected image (BMP, JPEG, PNG, or GIF), but got unsupported image type',
    hint: 'convert the image to one of these formats first',
  });
}
