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
import { chooseVariant, variantNamed } from './runtime/obtain.js';

/** What `findRuntime` of src/tensorflow.ts does. */
export async function findRuntime(options: FindRuntimeOptions): Promise<Runtime | undefined> {
  const values = parseOptions('findRuntime', findRuntimeSchema, options);
  const { emit } = listen(values).context;
  const { variant } = chooseVariant(values.device);
  return find({ folder: namedRuntime(values), variant, environment: process.env, emit });
}

/** What `installRuntime` of src/tensorflow.ts does. */
export async function installRuntime(options: InstallRuntimeOptions): Promise<Runtime> {
  const values = parseOptions('installRuntime', installRuntimeSchema, options);
  return install(variantNamed(values.variant, values.device), process.env, listen(values).context);
}
