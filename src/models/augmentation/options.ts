import { z } from 'zod';

const upTo = (limit: number, description: string): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(limit).default(0).meta({ description });

/** The augmentation options; all zeros mean no augmentation. */
export const augmentationFields = {
  augmentShift: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .meta({ description: 'augmentation: largest random shift, in pixels' }),
  augmentRotation: upTo(180, 'augmentation: largest random rotation, in degrees'),
  augmentScale: upTo(0.9, 'augmentation: largest random zoom in or out, as a share of the size'),
  augmentShear: upTo(60, 'augmentation: largest random shear, in degrees'),
  augmentElastic: upTo(64, 'augmentation: elastic distortion, typical displacement in pixels'),
  augmentThickness: upTo(1, 'augmentation: largest change of the stroke thickness, in pixels'),
  augmentFlipHorizontal: upTo(1, 'augmentation: probability of mirroring left to right'),
  augmentFlipVertical: upTo(1, 'augmentation: probability of mirroring top to bottom'),
  augmentBrightness: upTo(1, 'augmentation: largest change of the brightness, as a share'),
  augmentContrast: upTo(1, 'augmentation: largest change of the contrast, as a share'),
  augmentErasing: upTo(1, 'augmentation: probability of random erasing'),
};

/** The augmentation of training images. */
export type AugmentationOptions = z.output<z.ZodObject<typeof augmentationFields>>;

/** Whether the options include any augmentation. */
export function isAugmentation(options: AugmentationOptions): boolean {
  return Object.keys(augmentationFields).some((key) => options[key as keyof AugmentationOptions] > 0);
}
