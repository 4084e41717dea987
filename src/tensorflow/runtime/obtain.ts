import { asToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { DeviceName } from './device.js';
import type { Runtime } from './found-runtime.js';
import { findRuntime } from './locate.js';
import { probeNvidiaDriver } from './nvidia-driver.js';
import { platformObstacle } from './platform.js';
import { variantFor, type RuntimeVariant, type VariantChoice } from './variants.js';

export interface RuntimeRequest {
  device: DeviceName;
  /** A folder named by the user. */
  folder: string | undefined;
  environment: NodeJS.ProcessEnv;
}

/** A runtime, and the GPU that it is for, if there is one. */
export interface ObtainedRuntime {
  runtime: Runtime;
  gpu: string | undefined;
}

/**
 * A TensorFlow runtime for the device: found, or else installed, which `MNIST_OFFLINE` forbids. Where a GPU's runtime cannot be had and
 * nobody insists on the GPU, one for the CPU that is there is taken instead, with a warning.
 *
 * Throws DEVICE_UNAVAILABLE, RUNTIME_MISSING, RUNTIME_UNUSABLE, RUNTIME_INSTALL_FAILED and storage errors.
 */
export async function obtainRuntime(
  { device, folder, environment }: RuntimeRequest,
  context: StageContext,
  choose = chooseVariant,
  spareFor: typeof variantFor = variantFor,
): Promise<ObtainedRuntime> {
  const { variant, gpu } = choose(device);
  const found = await findRuntime({ folder, variant, environment, emit: context.emit });
  if (found) return { runtime: found, gpu };
  try {
    return { runtime: await installUnlessOffline(variant, environment, context), gpu };
  } catch (thrown) {
    const spareVariant = device === 'auto' && variant.name !== 'cpu' ? spareFor('cpu') : undefined;
    // One that is refused is none.
    const spare =
      spareVariant && (await findRuntime({ variant: spareVariant, environment }).catch(() => undefined));
    if (!spare || context.signal.aborted) throw thrown;
    const { code, message, hint } = asToolkitError(thrown);
    const lost = `computing on the CPU with TensorFlow in ${spare.folder}, and not on ${gpu ?? 'the GPU'}`;
    context.emit({ event: 'warning', code, message: `${message}; ${lost}`, hint });
    return { runtime: spare, gpu: undefined };
  }
}

async function installUnlessOffline(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Runtime> {
  if (!isSet(environment['MNIST_OFFLINE'])) {
    // Not before it is needed: most starts install nothing, and it brings its own libraries.
    const { installRuntime } = await import('./install.js');
    return installRuntime(variant, environment, context);
  }
  const what = variant.name === 'cpu' ? 'none' : `none for ${variant.name.toUpperCase()}`;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `${what} is installed, and MNIST_OFFLINE forbids installing one`,
    hint: 'run "mnist runtime install" with a network, or name a folder with TensorFlow in MNIST_TENSORFLOW',
  });
}

/** The variant that suits this machine and the wished-for device. Throws DEVICE_UNAVAILABLE or RUNTIME_MISSING. */
export function chooseVariant(device: DeviceName): { variant: RuntimeVariant; gpu: string | undefined } {
  const obstacle = platformObstacle();
  if (obstacle !== undefined) {
    const hint = '"mnist doctor" shows what this machine can do';
    throw new ToolkitError('RUNTIME_MISSING', { reason: obstacle, hint });
  }
  const driver = device === 'cpu' ? undefined : probeNvidiaDriver();
  if (device === 'gpu' && !driver?.found) {
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason: driver?.reason ?? 'none was looked for' });
  }
  const gpu = driver?.found ? driver.devices[0] : undefined;
  const name = gpu === undefined ? 'cpu' : 'cuda';
  // Where there is a GPU but no CUDA runtime, as on ARM, only those who insist on the GPU go without.
  const variant = variantFor(name) ?? (device === 'auto' ? variantFor('cpu') : undefined);
  if (variant) return { variant, gpu };
  const reason = `there is no ${name} runtime for ${process.platform}-${process.arch}`;
  throw new ToolkitError('RUNTIME_MISSING', { reason, hint: 'use --device cpu' });
}

/** The runtime of a variant for this machine. Throws RUNTIME_MISSING where there is none, and the errors of `chooseVariant`. */
export function variantNamed(name: VariantChoice, device: DeviceName): RuntimeVariant {
  if (name === 'auto') return chooseVariant(device).variant;
  const variant = variantFor(name);
  if (variant) return variant;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `there is no ${name} runtime for ${process.platform}-${process.arch}`,
    hint: '"mnist runtime list" shows those that there are',
  });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value);
}
