// The worker of wait-for-runtime.ts: finds a runtime and reports it.
import { workerData, type MessagePort } from 'node:worker_threads';

import { asToolkitError } from '../../core/errors.js';
import type { Runtime } from '../runtime/found-runtime.js';
import { findRuntime } from '../runtime/locate.js';
import { variantFor, type VariantName } from '../runtime/variants.js';

export interface RuntimeSearch {
  readonly folder: string | undefined;
  /** The acceptable variants, the best one first. */
  readonly variants: readonly VariantName[];
}

/** The runtime, if there is one, or why it is unusable. */
export type SearchResult = { runtime: Runtime | undefined } | { reason: string; hint: string };

async function search({ folder, variants }: RuntimeSearch): Promise<SearchResult> {
  try {
    for (const name of variants) {
      const variant = variantFor(name);
      const runtime = variant && (await findRuntime({ folder, variant, environment: process.env }));
      if (runtime) return { runtime };
    }
    return { runtime: undefined };
  } catch (error) {
    const { message: reason, hint } = asToolkitError(error);
    return { reason, hint };
  }
}

const { done, port, ...request } = workerData as RuntimeSearch & { done: Int32Array; port: MessagePort };
port.postMessage(await search(request));
Atomics.store(done, 0, 1);
Atomics.notify(done, 0);
