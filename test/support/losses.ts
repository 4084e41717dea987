import { crossEntropy } from '../../src/training/losses/cross-entropy.js';
import { focal } from '../../src/training/losses/focal.js';
import { batchLoss, type BatchLoss } from '../../src/training/losses/loss.js';

/** What a batch's loss is: cross-entropy, or focal loss where a γ is given. */
export interface LossSettings {
  labelSmoothing?: number | undefined;
  focalGamma?: number | undefined;
  classWeights?: readonly number[] | undefined;
}

/** The loss that settings describe. */
export function lossOf({ labelSmoothing = 0, focalGamma, classWeights }: LossSettings): BatchLoss {
  const losses =
    focalGamma === undefined
      ? crossEntropy.build({ labelSmoothing }, classWeights)
      : focal.build({ focalGamma }, classWeights);
  return batchLoss(losses, classWeights);
}
