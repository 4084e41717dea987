import { ToolkitError } from '../core/errors.js';
import { listen } from './listen.js';
import {
  findRuntimeSchema,
  installRuntimeSchema,
  namedRuntime,
  parseOptions,
  type FindRuntimeOptions,
  type InstallRuntimeOptions,
} from './options.js';
import type { Runtime } from './runtime/found-runtime.js';
import { installRuntime as install } from './runtime/install.js';
import { findRuntime as find } from './runtime/locate.js';
import { chooseVariant, contradicts, variantNamed } from './runtime/obtain.js';

/** The implementation of `findRuntime` in `src/tensorflow.ts`. */
export async function findRuntime(options: FindRuntimeOptions): Promise<Runtime | undefined> {
  const values = parseOptions('findRuntime', findRuntimeSchema, options);
  const { emit, signal } = listen(values).context;
  signal.throwIfAborted();
  const { variant } = chooseVariant(values.device);
  const found = await find({ folder: namedRuntime(values), variant, environment: process.env, emit });
  signal.throwIfAborted();
  return found;
}

/** The implementation of `installRuntime` in `src/tensorflow.ts`. */
export async function installRuntime(options: InstallRuntimeOptions): Promise<Runtime> {
  const values = parseOptions('installRuntime', installRuntimeSchema, options);
  const { variant, device } = values;
  if (contradicts(variant, device)) {
    throw new ToolkitError('USAGE', {
      message: `variant "${variant}" and device "${device}" contradict each other`,
      hint: 'leave out one of them',
    });
  }
  const { context } = listen(values);
  context.signal.throwIfAborted();
  return install(variantNamed(variant, device), process.env, context);
}
