import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { nearest } from '../core/registry.js';
import { deviceNames, type DeviceName } from './runtime/device.js';
import { variantChoices, type VariantChoice } from './runtime/variants.js';

/** Something that works less well than it could: a code of docs/errors.md, what is wrong, and what to do about it. */
export interface RuntimeWarning {
  event: 'warning';
  code: string;
  message: string;
  hint: string;
}

/**
 * What is told while a runtime is looked for and installed: `stage` and `notice` are lines for people, `progress` counts the bytes of a
 * task, `download` or `unpack`.
 */
export type RuntimeEvent =
  | { event: 'stage' | 'notice'; message: string }
  | { event: 'progress'; task: string; done: number; total: number | undefined }
  | RuntimeWarning;

/** Who listens to a call that may take minutes, and who may end it. */
export interface ProgressOptions {
  /** Told what is done meanwhile; it must not throw. */
  onProgress?: ((event: RuntimeEvent) => void) | undefined;
  /** Aborts the call; its reason is the error that the call then throws. */
  signal?: AbortSignal | undefined;
}

/** The options of `findRuntime`. */
export interface FindRuntimeOptions extends ProgressOptions {
  /** Which device is to compute: the GPU where there is one (`auto`), a GPU or nothing, or the CPU. */
  device?: DeviceName | undefined;
  /** A folder with TensorFlow's libraries. Without it, `MNIST_TENSORFLOW` names one, or they are looked for. */
  runtime?: string | undefined;
}

/** The options of `installRuntime`. */
export interface InstallRuntimeOptions extends ProgressOptions {
  /** The runtime for the CPU, for NVIDIA GPUs, or that which suits the machine and the device (`auto`). */
  variant?: VariantChoice | undefined;
  /** As for `useTensorFlow`. */
  device?: DeviceName | undefined;
}

/** The options of `useTensorFlow`. All but `mixedPrecision` are settled once in the life of a process. */
export interface UseTensorFlowOptions extends FindRuntimeOptions {
  /** Threads that share an operation's work; without it, one for each core. Set it to make results repeatable. */
  threads?: number | undefined;
  /** Whether GPU memory is taken as it is needed (the default), or all of it at the start. */
  memoryGrowth?: boolean | undefined;
  /** Whether GPU kernels are ruled out whose results differ from run to run. */
  deterministic?: boolean | undefined;
  /** Whether compiled programs may compute with 16-bit numbers where TensorFlow considers it safe. */
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

/** The options of a public function, with the defaults. Throws USAGE where one is unknown or has a value that it cannot have. */
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

/** The folder that an option or else `MNIST_TENSORFLOW` names, if one does. */
export function namedRuntime({ runtime }: { runtime?: string | undefined }): string | undefined {
  const named = runtime ?? process.env['MNIST_TENSORFLOW'];
  return named === '' ? undefined : named;
}

function unknownOption(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown option "${key}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`;
}
