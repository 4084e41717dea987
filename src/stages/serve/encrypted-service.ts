import { messageOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { readEncryptedModel } from '../../deployment/encrypted/folder.js';
import { obtainSeal, requireSeal } from '../../deployment/encrypted/load-seal.js';
import { EncryptedService } from '../../serving/encrypted/encrypted-service.js';
import type { ServeOptions } from './serve-options.js';

/**
 * What classifies encrypted images, where it is asked for. Throws MODEL_MISSING, MODEL_CORRUPT, SEAL_UNAVAILABLE and storage errors.
 */
export async function encryptedServiceFor(
  { encrypted: folder, encryptedKeys: maxKeys }: Pick<ServeOptions, 'encrypted' | 'encryptedKeys'>,
  context: StageContext,
): Promise<EncryptedService | undefined> {
  if (folder === undefined) return undefined;
  requireSeal();
  const { model } = await readEncryptedModel(folder);
  const folders = { model: folder, seal: await obtainSeal(context) };
  try {
    return await EncryptedService.start({ model, folders, maxKeys });
  } catch (error) {
    const hint = 'run again with --verbose and report the stack trace';
    throw new ToolkitError('SEAL_UNAVAILABLE', { reason: messageOf(error), hint }, { cause: error });
  }
}
