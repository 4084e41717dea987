import type { Environment } from '@tensorflow/tfjs-core';

/** The globals that all copies of tfjs-core in a process share. */
interface TfjsGlobals {
  _tfengine?: { ENV: Environment };
}

/**
 * Loads modules that may import a second copy of tfjs-core. A second copy shares the engine of the first and, outside production mode,
 * warns on the terminal that the platform is set again.
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

/** The same for modules that are loaded at once. */
export function requireQuietly<Module>(load: () => Module): Module {
  const environment = (globalThis as TfjsGlobals)._tfengine?.ENV;
  if (environment === undefined) return load();
  const isProduction = environment.getBool('PROD');
  environment.set('PROD', true);
  try {
    return load();
  } finally {
    environment.set('PROD', isProduction);
  }
}
