import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { EncryptionClient } from './client.js';
import { EncryptedEvaluator } from './evaluator.js';
import { ENCRYPTED, encryptedFiles, type LoadedEncryptedModel } from './folder.js';
import { loadSeal } from './load-seal.js';
import { classifyPlain } from './plain-model.js';

/** How much a decrypted logit may differ from that of the same computation without encryption. */
const ENCRYPTED_BAR = 2e-3;

/** The result of a check with encrypted images. */
export interface EncryptedCheck {
  images: number;
  largestDifference: number;
}

/**
 * Encrypts images, classifies them encrypted and decrypts the answers. Throws EXPORT_DIFFERS where a logit is too far from what it is
 * without encryption, SEAL_UNAVAILABLE, and the signal's reason.
 */
export async function checkEncrypted(
  loaded: LoadedEncryptedModel,
  images: LabelledImages,
  context: StageContext,
): Promise<EncryptedCheck> {
  if (images.count === 0) return { images: 0, largestDifference: 0 };
  const seal = await loadSeal(context).catch((error: unknown) => {
    throw withAdvice(error);
  });
  const client = EncryptionClient.create(seal, loaded.model);
  const evaluator = new EncryptedEvaluator(seal, loaded.model, loaded.packed);
  try {
    await evaluator.addKeys(await client.evaluationKeysFile());
    const expected = classifyPlain(loaded, images);
    const size = pixelsPerImage(images.shape);
    const classes = loaded.model.description.classNames.length;
    let largestDifference = 0;
    for (let image = 0; image < images.count; image++) {
      context.signal.throwIfAborted();
      const progress = { task: 'encrypted images classified', done: image, total: images.count };
      context.emit({ event: 'progress', ...progress, unit: 'images' });
      const answer = await evaluator.classify(await client.encrypt(rowOf(images.pixels, image, size)));
      const logits = await client.decrypt(answer);
      logits.forEach((logit, index) => {
        const difference = Math.abs(logit - expected[image * classes + index]!);
        // Written so that NaN is kept.
        if (!(difference <= largestDifference)) largestDifference = difference;
      });
      requireClose(largestDifference);
    }
    const message = `${images.count} images classified encrypted: logits differ by up to ${largestDifference.toPrecision(2)}`;
    context.emit({ event: 'notice', message });
    return { images: images.count, largestDifference };
  } finally {
    evaluator.dispose();
    client.dispose();
  }
}

/** Writes into the exported folder what was checked: equal exports have equal files, so without the error, which depends on the keys. */
export async function recordCheck({ images }: EncryptedCheck, folder: string): Promise<void> {
  const text = JSON.stringify(
    { encryptedImages: images, largestLogitDifferenceAllowed: ENCRYPTED_BAR },
    undefined,
    2,
  );
  await writeFileAtomically(join(folder, encryptedFiles.check), `${text}\n`);
}

function requireClose(difference: number): void {
  if (difference < ENCRYPTED_BAR) return;
  throw new ToolkitError('EXPORT_DIFFERS', {
    target: ENCRYPTED,
    difference: `decrypted logits differ by up to ${difference.toPrecision(3)}`,
    bar: String(ENCRYPTED_BAR),
  });
}

/** The export itself needs no encryption, so it can be made elsewhere. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof ToolkitError) || error.code !== 'SEAL_UNAVAILABLE') return error;
  const reason = error.message.replace(/^.*?: /, '');
  const hint = `${error.hint}; or export without this check, with --check-images 0`;
  return new ToolkitError('SEAL_UNAVAILABLE', { reason, hint }, { cause: error });
}
