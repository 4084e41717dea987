import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { StageContext } from '../../core/events.js';
import type { Runtime } from './found-runtime.js';
import { installWheels, removeInstallation, withInstallLock } from './installation.js';
import { cacheFolder, findCached, variantFolder, verified } from './locate.js';
import { downloadBytes, type RuntimeVariant } from './variants.js';

/**
 * Installs a runtime into the cache, unless it is there. Concurrent installations wait for each other. Throws the errors of
 * `installWheels`.
 */
export async function installRuntime(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Runtime> {
  const cache = cacheFolder(environment);
  const folder = variantFolder(variant, environment);
  return withInstallLock(environment, context, async () => {
    // A damaged or modified runtime is replaced.
    const installed = await findVerified(variant, environment).catch(() => undefined);
    if (installed) return installed;
    const what = `TensorFlow ${variant.tensorflow} (${variant.name}, ${sizeOf(variant)})`;
    const message = `installing ${what} into ${cache} (first use only)`;
    const records = { 'runtime.json': describe(variant) };
    await installWheels({ ...variant, folder, message, records }, environment, context);
    await rm(join(cache, 'downloads'), { recursive: true, force: true });
    const runtime = await findVerified(variant, environment);
    if (!runtime) throw new Error(`${folder} is incomplete after its installation`);
    return runtime;
  });
}

function sizeOf(variant: RuntimeVariant): string {
  const download = `${Math.round(downloadBytes(variant) / 2 ** 20)} MiB to download`;
  return `${download}, ${(variant.installedBytes / 2 ** 30).toFixed(1)} GiB on disk`;
}

async function findVerified(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<Runtime | undefined> {
  const cached = await findCached(variant, environment);
  return cached && verified(cached, { variant, environment });
}

/** The content of runtime.json, which documents the folder. */
function describe({ name, tensorflow, platform, wheels }: RuntimeVariant): object {
  return {
    variant: name,
    tensorflow,
    platform,
    wheels: wheels.map(({ file, sha256 }) => ({ file, sha256 })),
  };
}

/** Removes an installed variant and the remains of interrupted installations. Returns whether it was installed. Throws FOLDER_BUSY. */
export async function removeRuntime(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  return removeInstallation(variantFolder(variant, environment), environment);
}
