import { isOffline } from '../../core/download.js';
import { asToolkitError, ToolkitError } from '../../core/errors.js';
import type { Emit, StageContext } from '../../core/events.js';
import type { DeviceName } from './device.js';
import type { Runtime } from './found-runtime.js';
import { findCached, findRuntime } from './locate.js';
import { probeNvidiaDriver } from './nvidia-driver.js';
import { platformObstacle } from './platform.js';
import { variantFor, type RuntimeVariant, type VariantChoice } from './variants.js';

/** The runtime that a command needs. */
export interface RuntimeRequest {
  device: DeviceName;
  /** The folder of `--runtime` or `MNIST_TENSORFLOW`. */
  folder: string | undefined;
  environment: NodeJS.ProcessEnv;
}

/** A runtime, and the GPU that it supports, if any. */
export interface ObtainedRuntime {
  runtime: Runtime;
  gpu: string | undefined;
}

/**
 * Finds a TensorFlow runtime for the device, or installs one unless `MNIST_OFFLINE` is set. If a GPU runtime cannot be installed and
 * the device is `auto`, an installed CPU runtime is used instead, with a warning.
 *
 * Throws DEVICE_UNAVAILABLE, RUNTIME_MISSING, RUNTIME_UNUSABLE, RUNTIME_INSTALL_FAILED, STORAGE_FULL or STORAGE_DENIED.
 */
export async function obtainRuntime(
  { device, folder, environment }: RuntimeRequest,
  context: StageContext,
  choose = chooseVariant,
  fallbackFor: typeof variantFor = variantFor,
): Promise<ObtainedRuntime> {
  const { variant, gpu } = choose(device);
  const found = await findRuntime({ folder, variant, environment, emit: context.emit });
  if (found) return { runtime: found, gpu };
  try {
    return { runtime: await installUnlessOffline(variant, environment, context), gpu };
  } catch (thrown) {
    const fallbackVariant = device === 'auto' && variant.name !== 'cpu' ? fallbackFor('cpu') : undefined;
    // A runtime that fails verification is not a fallback.
    const fallback =
      fallbackVariant &&
      (await findRuntime({ variant: fallbackVariant, environment }).catch(() => undefined));
    if (!fallback || context.signal.aborted) throw thrown;
    const { code, message, hint } = asToolkitError(thrown);
    const consequence = `computing on the CPU with TensorFlow in ${fallback.folder}, not on ${gpu ?? 'the GPU'}`;
    context.emit({ event: 'warning', code, message: `${message}; ${consequence}`, hint });
    return { runtime: fallback, gpu: undefined };
  }
}

/**
 * The runtime that `obtainRuntime` would return, where it is in the given folder or installed in the cache; else undefined. Throws as
 * `obtainRuntime` does.
 */
export async function installedRuntime(
  { device, folder, environment }: RuntimeRequest,
  emit: Emit,
): Promise<ObtainedRuntime | undefined> {
  const { variant, gpu } = chooseVariant(device);
  if (folder === undefined && !(await findCached(variant, environment))) return undefined;
  const runtime = await findRuntime({ folder, variant, environment, emit });
  return runtime && { runtime, gpu };
}

async function installUnlessOffline(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Runtime> {
  if (!isOffline(environment)) {
    // Loaded only when needed: most starts install nothing.
    const { installRuntime } = await import('./install.js');
    return installRuntime(variant, environment, context);
  }
  const what = variant.name === 'cpu' ? 'none' : `none for ${variant.name.toUpperCase()}`;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `${what} is installed, and MNIST_OFFLINE forbids installing one`,
    hint: 'run "mnist runtime install" while online, or set MNIST_TENSORFLOW to a folder with TensorFlow',
  });
}

/** Chooses the variant for this machine and the requested device. Throws DEVICE_UNAVAILABLE or RUNTIME_MISSING. */
export function chooseVariant(device: DeviceName): { variant: RuntimeVariant; gpu: string | undefined } {
  const obstacle = platformObstacle();
  if (obstacle !== undefined) {
    const hint = '"mnist doctor" shows what this machine can do';
    throw new ToolkitError('RUNTIME_MISSING', { reason: obstacle, hint });
  }
  const driver = device === 'cpu' ? undefined : probeNvidiaDriver();
  if (device === 'gpu' && !driver?.found) {
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason: driver?.reason ?? 'the driver was not queried' });
  }
  const gpu = driver?.found ? driver.devices[0] : undefined;
  const name = gpu === undefined ? 'cpu' : 'cuda';
  // A GPU without a CUDA runtime, as on ARM: `auto` falls back to the CPU, `gpu` fails.
  const variant = variantFor(name) ?? (device === 'auto' ? variantFor('cpu') : undefined);
  if (variant) return { variant, gpu };
  const reason = `there is no ${name} runtime for ${process.platform}-${process.arch}`;
  throw new ToolkitError('RUNTIME_MISSING', { reason, hint: 'use --device cpu' });
}

/** Whether a variant and a device exclude each other. */
export function contradicts(name: VariantChoice, device: DeviceName): boolean {
  return (name === 'cpu' && device === 'gpu') || (name === 'cuda' && device === 'cpu');
}

/** The runtime of a variant for this machine. Throws RUNTIME_MISSING if there is none, or the errors of `chooseVariant`. */
export function variantNamed(name: VariantChoice, device: DeviceName): RuntimeVariant {
  if (name === 'auto') return chooseVariant(device).variant;
  const variant = variantFor(name);
  if (variant) return variant;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `there is no ${name} runtime for ${process.platform}-${process.arch}`,
    hint: '"mnist runtime list" shows those that there are',
  });
}
