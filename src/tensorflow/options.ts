import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { nearest } from '../core/registry.js';
import { deviceNames, type DeviceName } from './runtime/device.js';
import { variantChoices, type VariantChoice } from './runtime/variants.js';

/** A warning, with a code of docs/errors.md and a hint at what to do. */
export interface RuntimeWarning {
  event: 'warning';
  code: string;
  message: string;
  hint: string;
}

/**
 * An event while a runtime is found or installed. `stage` and `notice` are messages for people; `progress` counts the bytes of a task,
 * `download` or `unpack`.
 */
export type RuntimeEvent =
  | { event: 'stage' | 'notice'; message: string }
  | { event: 'progress'; task: string; done: number; total: number | undefined }
  | RuntimeWarning;

/** The options of calls that may take minutes. */
export interface ProgressOptions {
  /** Receives the events of the call; must not throw. */
  onProgress?: ((event: RuntimeEvent) => void) | undefined;
  /** Aborts the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The options of `findRuntime`. */
export interface FindRuntimeOptions extends ProgressOptions {
  /** `auto` (the default): the GPU if there is one, else the CPU; `gpu`: fails without a GPU; `cpu`. */
  device?: DeviceName | undefined;
  /** The folder of TensorFlow's libraries; overrides `MNIST_TENSORFLOW`. Without either, they are found or installed. */
  runtime?: string | undefined;
}

/** The options of `installRuntime`. */
export interface InstallRuntimeOptions extends ProgressOptions {
  /** The build for the CPU or for NVIDIA GPUs; `auto` (the default): by the device and the installed driver. */
  variant?: VariantChoice | undefined;
  /** The device that `auto` chooses the variant for. */
  device?: DeviceName | undefined;
}

/** The options of `useTensorFlow`. All but `mixedPrecision` are fixed for the process. */
export interface UseTensorFlowOptions extends FindRuntimeOptions {
  /** Threads per operation; by default one per core. Set it to make results repeatable. */
  threads?: number | undefined;
  /** Whether GPU memory is allocated on demand (the default) or all at the start. */
  memoryGrowth?: boolean | undefined;
  /** Whether only deterministic GPU kernels are used. */
  deterministic?: boolean | undefined;
  /** Whether compiled steps use 16-bit floats where TensorFlow considers it safe. Eager operations compute in float32. */
  mixedPrecision?: boolean | undefined;
}

const progressFields = {
  onProgress: z
    .custom<(event: RuntimeEvent) => void>((value) => typeof value === 'function', 'expected a function')
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
};

const findFields = {
  ...progressFields,
  device: z.enum(deviceNames).default('auto'),
  runtime: z.string().min(1).optional(),
};

/** Validates `FindRuntimeOptions`. */
export const findRuntimeSchema = z.strictObject(findFields) satisfies z.ZodType<unknown, FindRuntimeOptions>;

/** Validates `InstallRuntimeOptions`. */
export const installRuntimeSchema = z.strictObject({
  ...progressFields,
  variant: z.enum(variantChoices).default('auto'),
  device: z.enum(deviceNames).default('auto'),
}) satisfies z.ZodType<unknown, InstallRuntimeOptions>;

/** Validates `UseTensorFlowOptions`. */
export const useTensorFlowSchema = z.strictObject({
  ...findFields,
  threads: z.int().min(1).max(1024).optional(),
  memoryGrowth: z.boolean().optional(),
  deterministic: z.boolean().optional(),
  mixedPrecision: z.boolean().default(false),
}) satisfies z.ZodType<unknown, UseTensorFlowOptions>;

/** Validates the options of a public function and adds the defaults. Throws USAGE for an unknown option or an invalid value. */
export function parseOptions<Schema extends z.ZodObject>(
  name: string,
  schema: Schema,
  options: z.input<Schema>,
): z.output<Schema> {
  const { data, error } = schema.safeParse(options);
  if (error === undefined) return data;
  const known = Object.keys(schema.shape);
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownOption(key, known)).join('; ');
    return `${[...issue.path].join('.') || 'the options'}: ${issue.message}`;
  });
  throw new ToolkitError('USAGE', {
    message: `${name}: ${problems.join('; ')}`,
    hint: `the options are ${known.join(', ')}`,
  });
}

/** The folder of the option `runtime` or of `MNIST_TENSORFLOW`, if given. */
export function namedRuntime({ runtime }: { runtime?: string | undefined }): string | undefined {
  const named = runtime ?? process.env['MNIST_TENSORFLOW'];
  return named === '' ? undefined : named;
}

function unknownOption(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown option "${key}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`;
}
