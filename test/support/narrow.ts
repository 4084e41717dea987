import type { z } from 'zod';

/** Options that keep a large network small in tests: the same layers, with fewer channels. Its full size is compared with torchvision's. */
export function narrow({ options }: { options: z.ZodObject }): Record<string, unknown> {
  return 'widthMultiplier' in options.shape ? { widthMultiplier: 0.125 } : {};
}
