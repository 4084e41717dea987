import type { Environment } from '@tensorflow/tfjs-core';

/** What the copies of tfjs-core in a process share. */
interface TfjsGlobals {
  _tfengine?: { ENV: Environment };
}

/**
 * Loads modules that may bring a second copy of tfjs-core. It takes over the engine of the first and would print a warning that the
 * platform is set again, to the same one; in its production mode it does not.
 */
export async function loadQuietly<Module>(load: () => Promise<Module>): Promise<Module> {
  const environment = (globalThis as TfjsGlobals)._tfengine?.ENV;
  if (environment === undefined) return load();
  const isProduction = environment.getBool('PROD');
  environment.set('PROD', true);
  try {
    return await load();
  } finally {
    environment.set('PROD', isProduction);
  }
}
