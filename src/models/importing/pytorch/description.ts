import { z } from 'zod';

const side = z.int().min(1).max(8192);
const perChannel = z.array(z.number()).min(1).max(8192);

/** A layer of PyTorch: its class, the prefix of its weights' names, and the arguments that it was made with. */
const layer = z.looseObject({
  type: z.string().min(1),
  name: z.string().min(1).max(200).optional(),
  /** The names of the layers whose outputs it takes; left out, the layer before it. */
  inputs: z.array(z.string()).min(1).max(64).optional(),
});

/** The description of a PyTorch model, which lies beside its weights. */
export const torchDescription = z.strictObject({
  /** Channels, height and width, as PyTorch has them. */
  input_shape: z.tuple([side, side, side]),
  /** The values of torchvision's `Normalize`, after `ToTensor` has scaled pixels to 0…1. */
  mean: perChannel.optional(),
  std: z.array(z.number().positive()).min(1).max(8192).optional(),
  classes: z.array(z.string().max(1000)).min(2).max(256).optional(),
  layers: z.array(layer).min(1).max(1000),
});

export type TorchDescription = z.output<typeof torchDescription>;

export type TorchLayerDescription = TorchDescription['layers'][number];
