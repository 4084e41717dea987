import * as nodeModule from 'node:module';

import { packageFolder } from '../package-folder.js';

/** What a plug-in can import wherever it lies: this package, and the two that definitions are made of. */
const SHARED = ['mnist-train', 'zod', '@tensorflow/tfjs-core'];

interface Resolved {
  url: string;
}

type Resolve = (
  specifier: string,
  context: { parentURL?: string },
  next: (specifier: string, context: { parentURL?: string }) => Resolved,
) => Resolved;

/** Hooks that run in Node.js's own thread, in Node.js 22.15 and later. */
type RegisterHooks = (hooks: { resolve: Resolve }) => void;

let isRegistered = false;

/**
 * Lets plug-ins import this package where it is not installed beside them, as when it is installed globally: what Node.js does not find
 * from the plug-in is looked for from here.
 */
export function shareOwnPackages(): void {
  if (isRegistered) return;
  isRegistered = true;
  const home = new URL('package.json', packageFolder).href;
  const isShared = (specifier: string): boolean =>
    SHARED.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks };
  if (!registerHooks) {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(ASYNCHRONOUS)}`, {
      data: { home, names: SHARED },
    });
    return;
  }
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!isShared(specifier)) throw error;
        return next(specifier, { ...context, parentURL: home });
      }
    },
  });
}

/** The same for a thread of hooks, before Node.js 22.15. */
const ASYNCHRONOUS = `
let home, names;
export function initialize(data) { ({ home, names } = data); }
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!names.some((name) => specifier === name || specifier.startsWith(name + '/'))) throw error;
    return next(specifier, { ...context, parentURL: home });
  }
}`;
