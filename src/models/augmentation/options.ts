import { z } from 'zod';

import { edgeNames } from './edge-names.js';

const upTo = (limit: number, description: string): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(limit).default(0).meta({ description });

const wholeUpTo = (limit: number, description: string): z.ZodDefault<z.ZodInt> =>
  z.int().min(0).max(limit).default(0).meta({ description });

/** The augmentation options; by default, none changes anything. */
export const augmentationFields = {
  augmentShift: wholeUpTo(1024, 'augmentation: largest random shift, in pixels'),
  augmentRotation: upTo(180, 'augmentation: largest random rotation, in degrees'),
  augmentScale: upTo(0.9, 'augmentation: largest random zoom in or out, as a share of the size'),
  augmentShear: upTo(60, 'augmentation: largest random shear, in degrees'),
  augmentElastic: upTo(64, 'augmentation: elastic distortion, typical displacement in pixels'),
  augmentThickness: upTo(1, 'augmentation: largest change of the stroke thickness, in pixels'),
  augmentCrop: wholeUpTo(
    1024,
    'augmentation: random crop, at the image’s size, of the image padded by so many pixels on each side',
  ),
  augmentCropPadding: z
    .enum(edgeNames)
    .default('constant')
    .meta({
      description: 'what pads images for the random crop: black, the edge pixel, or a mirror image',
      onlyWith: { options: ['augmentCrop'] },
    }),
  augmentFlipHorizontal: upTo(1, 'augmentation: probability of mirroring left to right'),
  augmentFlipVertical: upTo(1, 'augmentation: probability of mirroring top to bottom'),
  augmentRandaugment: wholeUpTo(8, 'RandAugment: random operations per image; usually 2'),
  augmentRandaugmentMagnitude: z
    .int()
    .min(0)
    .max(30)
    .default(9)
    .meta({
      description: 'RandAugment: strength of the operations',
      onlyWith: { options: ['augmentRandaugment'] },
    }),
  augmentBrightness: upTo(1, 'augmentation: largest change of the brightness, as a share'),
  augmentContrast: upTo(1, 'augmentation: largest change of the contrast, as a share'),
  augmentSaturation: upTo(1, 'augmentation: largest change of the saturation of colours, as a share'),
  augmentHue: upTo(0.5, 'augmentation: largest change of the hue, as a share of the colour circle'),
  augmentBlur: upTo(64, 'augmentation: Gaussian blur, largest standard deviation in pixels'),
  augmentErasing: upTo(1, 'augmentation: probability of random erasing'),
};

/** The augmentation of training images. */
export type AugmentationOptions = z.output<z.ZodObject<typeof augmentationFields>>;

/** Whether the options include any augmentation. Those with `onlyWith` only say how others change images. */
export function isAugmentation(options: AugmentationOptions): boolean {
  return Object.entries(augmentationFields)
    .filter(([, field]) => field.meta()?.['onlyWith'] === undefined)
    .some(([key]) => options[key as keyof AugmentationOptions] !== 0);
}
