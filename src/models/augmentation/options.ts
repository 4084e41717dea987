import { z } from 'zod';

const upTo = (limit: number, description: string): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(limit).default(0).meta({ description });

/** The options of augmentation; with all of them at zero, images are trained on as they are. */
export const augmentationFields = {
  augmentShift: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .meta({ description: 'move each training image by up to so many pixels, anew in every step' }),
  augmentRotation: upTo(180, 'turn each by up to so many degrees'),
  augmentScale: upTo(0.9, 'make each larger or smaller by up to such a share'),
  augmentShear: upTo(60, 'slant each by up to so many degrees'),
  augmentElastic: upTo(64, 'distort each like handwriting: typical displacement in pixels'),
  augmentThickness: upTo(1, 'make the strokes of each thicker or thinner by up to such a share of a pixel'),
  augmentErasing: upTo(1, 'probability that a rectangle of each is filled with noise'),
};

/** How training images are changed before each step. */
export type AugmentationOptions = z.output<z.ZodObject<typeof augmentationFields>>;

/** Whether some options ask for any change. */
export function isAugmentation(options: AugmentationOptions): boolean {
  return Object.keys(augmentationFields).some((key) => options[key as keyof AugmentationOptions] > 0);
}
