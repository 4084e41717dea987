import { readFile } from 'node:fs/promises';

import { variableOf } from '../core/config/field.js';
import type { Emit } from '../core/events.js';
import { deviceNames, type DeviceName } from '../tensorflow/runtime/device.js';
import type { ParsedArguments } from './arguments.js';

/** Options with which other settings decide, or TensorFlow does not run in this process. */
const DEFERRING = ['resume', 'reproduce', 'workers', 'elastic', 'printConfig'];

/**
 * Begins to load TensorFlow on another thread for a command that will need it, before the command itself is loaded: both take long. Does
 * nothing where `plainSettings` are unknown: then the command does it, once its settings are resolved. Never fails.
 */
export async function loadTensorFlowEarly(
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
  const file = await settingsIn(values['config'] ?? environment['MNIST_CONFIG']);
  if (!file) return undefined;
  const settingOf = (key: string, variable = variableOf(key)): unknown => {
    const text = environment[variable] ?? '';
    return values[key] ?? (text === '' ? file[key] : text);
  };
  if (DEFERRING.some((key) => settingOf(key) !== undefined)) return undefined;
  const backend = settingOf('backend') ?? 'auto';
  const device = settingOf('device') ?? 'auto';
  const runtime = settingOf('runtime', 'MNIST_TENSORFLOW');
  if ((backend !== 'auto' && backend !== 'tensorflow') || !isDevice(device)) return undefined;
  return runtime === undefined || typeof runtime === 'string' ? { device, runtime } : undefined;
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
