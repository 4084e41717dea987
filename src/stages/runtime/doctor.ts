import { asToolkitError } from '../../core/errors.js';
import type { Emit, StageContext } from '../../core/events.js';
import type { Runtime } from '../../tensorflow/runtime/found-runtime.js';
import { cacheFolder, findRuntime } from '../../tensorflow/runtime/locate.js';
import { probeNvidiaDriver, type NvidiaDriver } from '../../tensorflow/runtime/nvidia-driver.js';
import { downloadBytes, variantFor } from '../../tensorflow/runtime/variants.js';
import { checkBackends } from './backend-checks.js';
import { attempt, type Check } from './check.js';
import { checkMpi } from './mpi-check.js';
import { checkDisk, checkNode, checkNpm, checkPip, checkProcessor } from './machine-checks.js';

/** What a prepared data set takes, with room for a run. */
const DATA_BYTES = 200e6;

/** The checks, and what follows from them. */
export interface Diagnosis {
  checks: Check[];
  /** Whether at least one backend works. */
  usable: boolean;
}

/** What `diagnose` checks. */
export interface DoctorOptions {
  dataDir: string;
  runtime: string | undefined;
}

/** Checks everything that the toolkit needs on this machine. Installs nothing and never throws: a check that fails is a problem. */
export async function diagnose(
  options: DoctorOptions,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Diagnosis> {
  const driver = probeNvidiaDriver();
  const runtime = await locate(options, driver, environment);
  const found = { driver, runtime: runtime.runtime, folder: options.runtime, environment };
  const started = await checkBackends(found, context);
  const checks = await Promise.all([
    attempt('Node.js', checkNode),
    attempt('npm', () => checkNpm(environment)),
    attempt('pip', () => checkPip(runtime.runtime === undefined, environment)),
    attempt('machine', checkProcessor),
    attempt('data folder', () => checkDisk('data folder', options.dataDir, DATA_BYTES)),
    attempt('cache folder', () =>
      checkDisk('cache folder', cacheFolder(environment), spaceForRuntime(runtime, driver)),
    ),
    attempt('NVIDIA GPU', () => checkDriver(driver)),
    attempt('TensorFlow runtime', () => checkRuntime(runtime)),
    attempt('MPI', () => checkMpi(environment)),
  ]);
  return { checks: [...checks, ...started], usable: started.some(({ status }) => status === 'ok') };
}

function spaceForRuntime({ runtime }: Found, driver: NvidiaDriver): number {
  const variant = variantFor(driver.found ? 'cuda' : 'cpu');
  return runtime || !variant ? 0 : downloadBytes(variant) + variant.installedBytes;
}

function checkDriver(driver: NvidiaDriver): Check {
  if (driver.found) {
    const found = `${driver.devices.join(', ')} (driver for CUDA ${driver.cudaVersion})`;
    return { name: 'NVIDIA GPU', status: 'ok', found, advice: null };
  }
  return { name: 'NVIDIA GPU', status: 'ok', found: driver.reason, advice: 'training runs on the CPU' };
}

/** The runtime that was found, or why none was. */
interface Found {
  runtime: Runtime | undefined;
  problem: string | undefined;
}

async function locate(
  { runtime: folder }: DoctorOptions,
  driver: NvidiaDriver,
  environment: NodeJS.ProcessEnv,
): Promise<Found> {
  const variant = variantFor(driver.found ? 'cuda' : 'cpu');
  if (!variant) return { runtime: undefined, problem: `none for ${process.platform}-${process.arch}` };
  let passedOver: string | undefined;
  const emit: Emit = (event) => {
    if (event.event === 'warning') passedOver = event.message;
  };
  try {
    return { runtime: await findRuntime({ folder, variant, environment, emit }), problem: passedOver };
  } catch (error) {
    return { runtime: undefined, problem: asToolkitError(error).message };
  }
}

function checkRuntime({ runtime, problem }: Found): Check {
  const name = 'TensorFlow runtime';
  if (runtime) {
    const { version = 'unknown version', variant, origin, folder } = runtime;
    const state = origin === 'option' ? 'not verified' : 'verified';
    const found = `${version} (${variant}, ${origin}, ${state}) in ${folder}`;
    return { name, status: 'ok', found, advice: null };
  }
  const advice = 'run "mnist runtime install", or let "mnist train" install it';
  return {
    name,
    status: problem === undefined ? 'warning' : 'problem',
    found: problem ?? 'not installed',
    advice,
  };
}
