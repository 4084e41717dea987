import { z } from 'zod';

const alpha = (description: string): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(100).default(0).meta({ description, placeholder: 'ALPHA' });

/** The options of what mixes the images of a batch; by default, nothing does. */
export const mixingFields = {
  augmentMixup: alpha('MixUp: blends images and labels of a batch; α of the shares, usually 0.2 to 1'),
  augmentCutmix: alpha('CutMix: pastes a part of another image of the batch; α of the shares, usually 1'),
};

export type MixingOptions = z.output<z.ZodObject<typeof mixingFields>>;

/** Whether options ask for mixing. */
export function isMixing({ augmentMixup, augmentCutmix }: MixingOptions): boolean {
  return augmentMixup > 0 || augmentCutmix > 0;
}
