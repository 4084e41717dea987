/** The exit codes of the command line; shared/cli.md and the README hold their meaning. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130 | 143;

interface ErrorKind<Details> {
  readonly exitCode: ExitCode;
  /** What is wrong, and where. */
  readonly message: (details: Details) => string;
  /** What to do about it. */
  readonly hint: (details: Details) => string;
}

function kind<Details>(
  exitCode: ExitCode,
  message: (details: Details) => string,
  hint: (details: Details) => string,
): ErrorKind<Details> {
  return { exitCode, message, hint };
}

/** Every error the toolkit raises on purpose, in one table; docs/errors.md describes each, and a test compares the two. */
export const errorKinds = {
  UNEXPECTED: kind<{ message: string }>(
    1,
    ({ message }) => message,
    () => 'run again with --verbose for the stack trace, and report it',
  ),
  STORAGE_FULL: kind<{ path: string }>(
    1,
    ({ path }) => `${path}: no space left on the device`,
    () => 'free some space, or choose another folder; nothing written before was lost',
  ),
  STORAGE_DENIED: kind<{ path: string; reason: string }>(
    1,
    ({ path, reason }) => `${path}: cannot be written (${reason})`,
    () => 'make the folder writable, or choose another with --data-dir or --checkpoints-dir',
  ),
  FOLDER_BUSY: kind<{ path: string; owner: string }>(
    1,
    ({ path, owner }) => `${path}: in use by ${owner}`,
    () => 'wait until it has finished, or stop it',
  ),

  COMMAND_UNKNOWN: kind<{ command: string; nearest: string | undefined }>(
    2,
    ({ command }) => `unknown command "${command}"`,
    ({ nearest }) => (nearest ? `did you mean "${nearest}"?` : '"mnist --help" lists the commands'),
  ),
  USAGE: kind<{ message: string; hint: string }>(
    2,
    ({ message }) => message,
    ({ hint }) => hint,
  ),
  OPTION_UNKNOWN: kind<{ option: string; origin: string; nearest: string | undefined; help: string }>(
    2,
    ({ option, origin }) => `unknown option ${option} (from ${origin})`,
    ({ nearest, help }) => (nearest ? `did you mean ${nearest}?` : help),
  ),
  OPTION_INVALID: kind<{ option: string; value: string; origin: string; allowed: string }>(
    2,
    ({ option, value, origin, allowed }) => `${option} is ${value} (from ${origin}), but must be ${allowed}`,
    ({ option, origin }) => `correct ${option} in ${origin === 'the command line' ? 'the command' : origin}`,
  ),
  OPTION_NOT_APPLICABLE: kind<{ option: string; origin: string; plugin: string; options: string }>(
    2,
    ({ option, origin, plugin }) => `${option} (from ${origin}) does not apply to ${plugin}`,
    ({ plugin, options }) => `${plugin} has ${options}`,
  ),
  CONFIG_UNREADABLE: kind<{ path: string; reason: string }>(
    2,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'a configuration is a JSON object whose keys are the long options, as in configs/article.json',
  ),
  RUN_EXISTS: kind<{ run: string; folder: string }>(
    2,
    ({ run, folder }) => `the run "${run}" exists already (${folder})`,
    ({ run }) => `continue it with --resume ${run}, or choose another name with --run`,
  ),
  RESUME_CONFLICT: kind<{ option: string; run: string; stored: string; given: string }>(
    2,
    ({ option, run, stored, given }) =>
      `${option} is ${stored} in the run "${run}", but ${given} was asked for`,
    () => 'what is resumed or reproduced keeps its configuration; start a new run to change it',
  ),
  SEARCH_INVALID: kind<{ reason: string }>(
    2,
    ({ reason }) => `the search: ${reason}`,
    () => 'docs/search.md describes the section "search" of a configuration',
  ),
  OUTPUT_EXISTS: kind<{ path: string }>(
    2,
    ({ path }) => `${path} exists already`,
    () => 'choose another folder with --output, or remove that one',
  ),

  DATASET_UNKNOWN: kind<{ dataset: string; known: string; nearest: string | undefined }>(
    3,
    ({ dataset, known }) => `unknown data set "${dataset}" (known: ${known})`,
    ({ dataset, nearest }) =>
      nearest ? `did you mean "${nearest}"?` : `bring your own with "mnist collect ${dataset} --from FOLDER"`,
  ),
  DATASET_SOURCE_MISSING: kind<{ dataset: string; advice: string }>(
    3,
    ({ dataset }) => `the data set "${dataset}" has not been collected and is not part of this package`,
    ({ advice }) => advice,
  ),
  DATA_MISSING: kind<{ path: string; hint: string }>(
    3,
    ({ path }) => `${path}: not found`,
    ({ hint }) => hint,
  ),
  DATA_UNREADABLE: kind<{ path: string; reason: string }>(
    3,
    ({ path, reason }) => `${path}: cannot be read (${reason})`,
    () => 'check that the file exists and that you may read it',
  ),
  DATA_CORRUPT: kind<{ path: string; reason: string }>(
    3,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'the file is damaged or not what its name says; fetch it again with "mnist collect"',
  ),
  DATA_REFUSED: kind<{ path: string; what: string; expected: string; found: string }>(
    3,
    ({ path, what, expected, found }) => `${path}: its ${what} is ${found}, but ${expected} is pinned`,
    () => 'this is not the published file; get it from another source, or name your own data set differently',
  ),
  SOURCE_REFUSED: kind<{ path: string; reason: string; hint: string }>(
    3,
    ({ path, reason }) => `${path}: cannot be made into a data set: ${reason}`,
    ({ hint }) => hint,
  ),
  DOWNLOAD_FAILED: kind<{ url: string; reason: string }>(
    3,
    ({ url, reason }) => `${url}: ${reason}`,
    () => 'check the address and the network; run the command again to continue where it stopped',
  ),
  AUDIT_BROKEN: kind<{ path: string; line: string; reason: string }>(
    3,
    ({ path, line, reason }) => `${path}: the chain breaks at ${line}: ${reason}`,
    () => 'compare the log with a copy of it; what stands after that line proves nothing',
  ),

  PICTURE_UNREADABLE: kind<{ path: string; reason: string }>(
    3,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'give a picture that shows one thing (PNG, JPEG, GIF, WebP, TIFF or AVIF)',
  ),

  BACKEND_UNAVAILABLE: kind<{ backend: string; reason: string; hint: string }>(
    4,
    ({ backend, reason }) => `the backend "${backend}" cannot be used: ${reason}`,
    ({ hint }) => hint,
  ),
  BACKEND_LACKS_KERNELS: kind<{ backend: string; model: string; kernels: string }>(
    4,
    ({ backend, model, kernels }) => `the backend "${backend}" cannot train ${model}: it lacks ${kernels}`,
    () => 'use --backend tensorflow or --backend cpu',
  ),
  DEVICE_UNAVAILABLE: kind<{ reason: string }>(
    4,
    ({ reason }) => `no GPU can be used: ${reason}`,
    () => '"mnist doctor" shows what is missing; --device auto takes the CPU when there is no GPU',
  ),
  RUNTIME_MISSING: kind<{ reason: string; hint: string }>(
    4,
    ({ reason }) => `no TensorFlow runtime: ${reason}`,
    ({ hint }) => hint,
  ),
  RUNTIME_UNUSABLE: kind<{ path: string; reason: string }>(
    4,
    ({ path, reason }) => `${path}: not a usable TensorFlow runtime (${reason})`,
    () => '"mnist runtime install" makes one; --runtime and MNIST_TENSORFLOW name its folder',
  ),
  RUNTIME_INSTALL_FAILED: kind<{ file: string; reason: string; hint: string }>(
    4,
    ({ file, reason }) => `the TensorFlow runtime could not be installed: ${file}: ${reason}`,
    ({ hint }) => hint,
  ),
  TENSORFLOW_FAILED: kind<{ operation: string; reason: string }>(
    1,
    ({ operation, reason }) => `TensorFlow refused ${operation}: ${reason}`,
    () => 'run again with --verbose for the stack trace, and report it',
  ),
  OUT_OF_MEMORY: kind<{ reason: string; batchSize?: number; fits?: number }>(
    1,
    ({ reason, batchSize }) =>
      `out of memory${batchSize === undefined ? '' : ` with batches of ${batchSize}`}: ${reason}`,
    ({ fits }) =>
      fits === undefined
        ? 'take a smaller --batch-size, or end what else uses the memory'
        : `--batch-size ${fits} would fit; the checkpoints of the run are those from before`,
  ),
  STEP_NOT_TRACEABLE: kind<{ operation: string; reason: string }>(
    1,
    ({ operation, reason }) => `the model cannot be compiled: ${operation} ${reason}`,
    () => 'write the model with operations of tensors alone; --backend cpu runs it as it is',
  ),

  TRAINING_DIVERGED: kind<{ epoch: number; batch: number; loss?: number }>(
    1,
    ({ epoch, batch, loss }) => {
      const what = loss === undefined ? 'weights are no longer numbers' : `the loss is ${loss}`;
      return `training diverged: ${what} in epoch ${epoch}, batch ${batch}`;
    },
    () => 'lower --learning-rate; the checkpoints of the run are those from before',
  ),

  SEARCH_FAILED: kind<{ trials: number; reason: string }>(
    1,
    ({ trials, reason }) => `none of the ${trials} trials brought a result; the first: ${reason}`,
    () => 'make the space smaller, or correct the options that all trials have',
  ),

  QUALITY_GATE_NOT_MET: kind<{ accuracy: number; minimum: number; split: string }>(
    5,
    ({ accuracy, minimum, split }) =>
      `accuracy on the ${split} split is ${accuracy}, below the minimum of ${minimum}`,
    () => 'train longer or differently, or lower --min-accuracy',
  ),
  PROMOTION_REFUSED: kind<{ name: string; version: number; reason: string }>(
    5,
    ({ name, version, reason }) => `${name}, version ${version} is not promoted: ${reason}`,
    () => 'train longer or differently, or promote it all the same with --force',
  ),
  EXPORT_DIFFERS: kind<{ target: string; difference: string; bar: string }>(
    5,
    ({ target, difference, bar }) =>
      `the ${target} export was thrown away: ${difference}, where ${bar} is allowed`,
    () => 'the export is not the trained model; report it, with the model’s options',
  ),

  CHECKPOINT_MISSING: kind<{ name: string; folder: string; nearest: string | undefined }>(
    6,
    ({ name, folder }) => `no checkpoint "${name}": neither a file nor a run in ${folder}`,
    ({ nearest }) => (nearest ? `did you mean "${nearest}"?` : '"mnist runs" lists the runs'),
  ),
  CHECKPOINT_CORRUPT: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: not an intact checkpoint: ${reason}`,
    () => 'use another checkpoint of the run (last or best), or train again',
  ),
  CHECKPOINT_REFUSED: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'use a checkpoint that fits, or train a new one',
  ),
  SEARCH_UNUSABLE: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: cannot be continued: ${reason}`,
    () => 'name a search in the folder of runs, or start a new one',
  ),
  DECISION_INVALID: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: not a decision file: ${reason}`,
    () => 'make it anew with "mnist calibrate", or remove it',
  ),
  MODEL_MISSING: kind<{ name: string; hint: string }>(
    6,
    ({ name }) => `no deployed model ${name}`,
    ({ hint }) => hint,
  ),
  MODEL_CORRUPT: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'this version cannot be used; roll back to another, or deploy the checkpoint again',
  ),
  EXPORT_UNSUPPORTED: kind<{ target: string; reason: string }>(
    6,
    ({ target, reason }) => `the model cannot be exported to ${target}: ${reason}`,
    () => 'deploy it to the registry instead, which takes every model',
  ),

  TOKENS_CORRUPT: kind<{ path: string; reason: string }>(
    2,
    ({ path, reason }) => `${path}: not a file of tokens: ${reason}`,
    () => 'move it away and make new tokens with "mnist tokens create", or name another with --tokens-file',
  ),
  TOKENS_MISSING: kind<{ host: string; path: string }>(
    2,
    ({ host, path }) => `${host} can be reached from other machines, and ${path} holds no valid token`,
    () => 'make one with "mnist tokens create --role infer", or listen on 127.0.0.1',
  ),
  ADDRESS_UNAVAILABLE: kind<{ address: string; reason: string }>(
    1,
    ({ address, reason }) => `cannot listen on ${address} (${reason})`,
    () => 'choose another --host or --port; --port 0 takes a free one',
  ),

  INTERRUPTED: kind<{ hint: string }>(
    130,
    () => 'interrupted',
    ({ hint }) => hint,
  ),
  TERMINATED: kind<{ hint: string }>(
    143,
    () => 'terminated',
    ({ hint }) => hint,
  ),
} as const;

/** The code of an error, as `--json` prints it. */
export type ErrorCode = keyof typeof errorKinds;

/** What has to be known to raise the error of a code. */
export type ErrorDetails<Code extends ErrorCode> = Parameters<
  (typeof errorKinds)[Code]['message' | 'hint']
>[0];

/** An error the toolkit raises on purpose: a code, one line that says what is wrong and where, and a hint. */
export class ToolkitError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly exitCode: ExitCode;
  readonly hint: string;

  constructor(code: Code, details: ErrorDetails<Code>, options?: { cause?: unknown }) {
    const { exitCode, message, hint } = errorKinds[code] as ErrorKind<ErrorDetails<Code>>;
    super(message(details), options);
    this.name = 'ToolkitError';
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint(details);
  }
}

/** Whether something that was thrown is an error of the table. */
export function isToolkitError(error: unknown): error is ToolkitError {
  return error instanceof ToolkitError;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a Node.js system error (`ENOENT` and its like), if it is one. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Anything that was thrown, as an error of the table: the catch-all at the top uses it. */
export function asToolkitError(error: unknown): ToolkitError {
  if (isToolkitError(error)) return error;
  return new ToolkitError('UNEXPECTED', { message: messageOf(error) }, { cause: error });
}
