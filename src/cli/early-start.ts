import { readFile } from 'node:fs/promises';

import { variableOf } from '../core/config/field.js';
import type { Emit } from '../core/events.js';
import { launchedPlace } from '../engine/mpi/launched.js';
import { deviceNames, type DeviceName } from '../tensorflow/runtime/device.js';
import type { ParsedArguments } from './arguments.js';

/** Options with which other settings decide, or TensorFlow does not run in this process. */
const DEFERRING = ['resume', 'reproduce', 'workers', 'elastic', 'printConfig'];

/** Options with which a process that a launcher has started trains with no others. */
const ALONE = ['workers', 'restarts', 'elastic', 'reproduce', 'findLearningRate', 'printConfig'];

/**
 * Begins what takes long for a command, before the command itself is loaded. A worker that a launcher has started joins the others: from then
 * on they notice when one is stopped or cut off. One on its own loads TensorFlow. Never fails: what is wrong shows when the command runs.
 */
export async function startEarly(
  name: string,
  arguments_: ParsedArguments,
  environment: NodeJS.ProcessEnv,
  emit: Emit,
): Promise<void> {
  const place = name === 'train' ? launchedPlace(environment) : undefined;
  if (!place) {
    await loadTensorFlowEarly(name, arguments_, environment, emit);
    return;
  }
  const settingOf = await settingsOf(arguments_.values, environment);
  if (!settingOf || ALONE.some((key) => settingOf(key) !== undefined)) return;
  const mpi = settingOf('mpi', 'MNIST_MPI');
  if (mpi !== undefined && typeof mpi !== 'string') return;
  const { beginJoining } = await import('../stages/train/workers/join-workers.js');
  await beginJoining(place, mpi, environment);
}

/**
 * Begins to load TensorFlow on another thread for a command that will need it, before the command itself is loaded: both take long. Does
 * nothing where `plainSettings` are unknown: then the command does it, once its settings are resolved. Never fails.
 */
async function loadTensorFlowEarly(
  name: string,
  { values }: ParsedArguments,
  environment: NodeJS.ProcessEnv,
  emit: Emit,
): Promise<void> {
  const settings = name === 'train' ? await plainSettings(values, environment) : undefined;
  if (!settings) return;
  const { beginLoading } = await import('../tensorflow/preload.js');
  await beginLoading({ ...settings, environment: process.env }, emit);
}

/**
 * Which TensorFlow a training will use, where the command line, the environment and a configuration file say so without more being looked
 * up; undefined where they do not, or name another backend.
 */
export async function plainSettings(
  values: ParsedArguments['values'],
  environment: NodeJS.ProcessEnv,
): Promise<{ device: DeviceName; runtime: string | undefined } | undefined> {
  const settingOf = await settingsOf(values, environment);
  if (!settingOf || DEFERRING.some((key) => settingOf(key) !== undefined)) return undefined;
  const backend = settingOf('backend') ?? 'auto';
  const device = settingOf('device') ?? 'auto';
  const runtime = settingOf('runtime', 'MNIST_TENSORFLOW');
  if ((backend !== 'auto' && backend !== 'tensorflow') || !isDevice(device)) return undefined;
  return runtime === undefined || typeof runtime === 'string' ? { device, runtime } : undefined;
}

/** Reads settings of the command line, the environment and a configuration file; undefined where that cannot be read. */
async function settingsOf(
  values: ParsedArguments['values'],
  environment: NodeJS.ProcessEnv,
): Promise<((key: string, variable?: string) => unknown) | undefined> {
  const file = await settingsIn(values['config'] ?? environment['MNIST_CONFIG']);
  if (!file) return undefined;
  return (key, variable = variableOf(key)) => {
    const text = environment[variable] ?? '';
    return values[key] ?? (text === '' ? file[key] : text);
  };
}

/** The settings in a configuration file; none without one, and undefined where it cannot be read, which the command will say. */
async function settingsIn(path: unknown): Promise<Record<string, unknown> | undefined> {
  if (typeof path !== 'string' || path === '') return {};
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isDevice(value: unknown): value is DeviceName {
  return (deviceNames as readonly unknown[]).includes(value);
}
