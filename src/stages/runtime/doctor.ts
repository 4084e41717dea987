import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';

import { add, tensor1d } from '@tensorflow/tfjs-core';

import { backends } from '../../engine/backends/index.js';
import { asToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { cacheFolder, findRuntime, type Runtime } from '../../tensorflow/runtime/locate.js';
import { probeNvidiaDriver, type NvidiaDriver } from '../../tensorflow/runtime/nvidia-driver.js';
import { findPip } from '../../tensorflow/runtime/pip.js';
import { platformObstacle } from '../../tensorflow/runtime/platform.js';
import { downloadBytes, variantFor } from '../../tensorflow/runtime/variants.js';

/** One thing that was looked at. */
export interface Check {
  name: string;
  /** `warning`: something works less well than it could. `problem`: something does not work. */
  status: 'ok' | 'warning' | 'problem';
  found: string;
  /** What to do about it, where something is to be done. */
  advice: string | null;
}

export interface Diagnosis {
  checks: Check[];
  /** Whether a model can be trained on this machine, in whatever way. */
  usable: boolean;
}

export interface DoctorOptions {
  dataDir: string;
  runtime: string | undefined;
}

const OLDEST_NODE = [20, 19] as const;

/** Looks at everything that the toolkit needs on this machine; installs nothing and never throws. */
export async function diagnose(
  options: DoctorOptions,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Diagnosis> {
  const driver = probeNvidiaDriver();
  const runtime = await locate(options, driver, environment);
  const started = await checkBackends(options, runtime, environment, context);
  const checks = [
    checkNode(),
    await checkNpm(environment),
    await checkPip(runtime, environment),
    checkProcessor(),
    await checkDisk('data folder', options.dataDir, 200e6),
    await checkDisk('cache folder', cacheFolder(environment), spaceForRuntime(runtime)),
    checkDriver(driver),
    checkRuntime(runtime),
    ...started,
  ];
  return { checks, usable: started.some(({ status }) => status === 'ok') };
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return {
    name: 'Node.js',
    status: isOld ? 'problem' : 'ok',
    found: process.version,
    advice: isOld ? `install Node.js ${OLDEST_NODE.join('.')} or later` : null,
  };
}

async function checkNpm(environment: NodeJS.ProcessEnv): Promise<Check> {
  const program = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const version = await promisify(execFile)(program, ['--version'], {
    env: environment,
    timeout: 20_000,
  }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (version !== undefined) return { name: 'npm', status: 'ok', found: version, advice: null };
  return {
    name: 'npm',
    status: 'warning',
    found: 'not found',
    advice: 'only needed to install or update this package',
  };
}

async function checkPip(runtime: Found, environment: NodeJS.ProcessEnv): Promise<Check> {
  const pip = await findPip(environment);
  if (pip) return { name: 'pip', status: 'ok', found: pip.version, advice: null };
  const isNeeded = runtime.runtime === undefined;
  const advice = isNeeded
    ? 'install it (Debian and Ubuntu: apt install python3-pip): it fetches the TensorFlow runtime'
    : 'only needed to install another runtime';
  return { name: 'pip', status: isNeeded ? 'problem' : 'ok', found: 'not found', advice };
}

function checkProcessor(): Check {
  const obstacle = platformObstacle();
  const found = `${process.platform}-${process.arch}, ${availableParallelism()} cores, ${gibibytes(totalmem())} of memory`;
  return {
    name: 'machine',
    status: obstacle === undefined ? 'ok' : 'problem',
    found,
    advice: obstacle ?? null,
  };
}

async function checkDisk(name: string, folder: string, needed: number): Promise<Check> {
  let existing = folder;
  while (!(await exists(existing)) && existing !== parentOf(existing)) existing = parentOf(existing);
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const found = `${folder}: ${gibibytes(free)} free`;
  if (free >= needed) return { name, status: 'ok', found, advice: null };
  return { name, status: 'problem', found, advice: `free some space: ${gibibytes(needed)} are needed` };
}

function parentOf(folder: string): string {
  const end = folder.lastIndexOf('/');
  if (end < 0) return '.';
  return end === 0 ? '/' : folder.slice(0, end);
}

function spaceForRuntime({ runtime }: Found): number {
  const variant = variantFor('cpu');
  return runtime || !variant ? 0 : downloadBytes(variant) + variant.installedBytes;
}

function checkDriver(driver: NvidiaDriver): Check {
  if (driver.found) {
    const found = `${driver.devices.join(', ')} (driver for CUDA ${driver.cudaVersion})`;
    return { name: 'NVIDIA GPU', status: 'ok', found, advice: null };
  }
  return { name: 'NVIDIA GPU', status: 'ok', found: driver.reason, advice: 'training runs on the CPU' };
}

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
  try {
    return { runtime: await findRuntime({ folder, variant, environment }), problem: undefined };
  } catch (error) {
    return { runtime: undefined, problem: asToolkitError(error).message };
  }
}

function checkRuntime({ runtime, problem }: Found): Check {
  const name = 'TensorFlow runtime';
  if (runtime) {
    const found = `${runtime.version ?? 'unknown version'} (${runtime.variant}, ${runtime.origin}) in ${runtime.folder}`;
    return { name, status: 'ok', found, advice: null };
  }
  const advice = 'run "mnist runtime install"; "mnist train" does so by itself';
  return {
    name,
    status: problem === undefined ? 'warning' : 'problem',
    found: problem ?? 'not installed',
    advice,
  };
}

/** Starts each backend and has it add two numbers; one that is not installed is not installed by that. */
async function checkBackends(
  options: DoctorOptions,
  { runtime }: Found,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const backend of backends) {
    const name = `backend ${backend.name}`;
    try {
      const request = { device: 'auto', threads: undefined, runtime: options.runtime } as const;
      const { version, device } = await backend.start(
        { ...request, environment: { ...environment, MNIST_OFFLINE: '1' } },
        { ...context, emit: () => undefined },
      );
      const sum = add(tensor1d([1, 2]), tensor1d([3, 4]))
        .dataSync()
        .join();
      if (sum !== '4,6') throw new Error(`it adds 1 and 3, and 2 and 4, to ${sum}`);
      checks.push({ name, status: 'ok', found: `${version} on ${device}`, advice: null });
    } catch (thrown) {
      const { message, hint } = asToolkitError(thrown);
      // Not yet installed is no defect.
      const status = backend.name === 'tensorflow' && runtime === undefined ? 'warning' : 'problem';
      checks.push({ name, status, found: message, advice: hint });
    }
  }
  return checks;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
