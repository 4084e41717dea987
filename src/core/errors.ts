/** The exit codes of the command line; docs/errors.md explains them. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 129 | 130 | 143;

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

/** All errors of the toolkit, in one table; docs/errors.md describes each, and a test compares the two. */
export const errorKinds = {
  UNEXPECTED: kind<{ message: string }>(
    1,
    ({ message }) => message,
    () => 'run again with --verbose and report the stack trace',
  ),
  STORAGE_FULL: kind<{ path: string }>(
    1,
    ({ path }) => `${path}: no space left on the device`,
    () => 'free some space or choose another folder; files written earlier are intact',
  ),
  STORAGE_DENIED: kind<{ path: string; reason: string }>(
    1,
    ({ path, reason }) => `${path}: cannot be written (${reason})`,
    () => 'make the folder writable or choose another with --data-dir or --checkpoints-dir',
  ),
  OUTPUT_LOST: kind<{ stream: string; reason: string }>(
    1,
    ({ stream, reason }) => `output on ${stream} was lost: ${reason}`,
    () => 'run the command again with its output going to a place that can hold it',
  ),
  FOLDER_BUSY: kind<{ path: string; owner: string; lock: string }>(
    1,
    ({ path, owner }) => `${path}: in use by ${owner}`,
    ({ lock }) => `wait until it finishes, or stop it; if there is no such process, delete ${lock}`,
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
  PRIVACY_UNSUPPORTED: kind<{ reason: string; hint?: string }>(
    2,
    ({ reason }) => `--private: ${reason}`,
    ({ hint }) => hint ?? 'use another --model, or train without --private',
  ),
  OPTION_UNKNOWN: kind<{ option: string; origin: string; nearest: string | undefined; help: string }>(
    2,
    ({ option, origin }) => `unknown option ${option} (from ${origin})`,
    ({ nearest, help }) => (nearest ? `did you mean ${nearest}?` : help),
  ),
  OPTION_INVALID: kind<{ option: string; value: string; origin: string; allowed: string }>(
    2,
    ({ option, value, origin, allowed }) => `${option} is ${value} (from ${origin}), but must be ${allowed}`,
    ({ option, origin }) =>
      origin === 'the command line' ? `change ${option}` : `change ${option} in ${origin}`,
  ),
  OPTION_NOT_APPLICABLE: kind<{ option: string; origin: string; plugin: string; options: string }>(
    2,
    ({ option, origin, plugin }) => `${option} (from ${origin}) does not apply to ${plugin}`,
    ({ plugin, options }) => `${plugin} has ${options}`,
  ),
  CONFIG_UNREADABLE: kind<{ path: string; reason: string }>(
    2,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'write a JSON object with option names as keys, as in configs/article.json',
  ),
  RUN_EXISTS: kind<{ run: string; folder: string }>(
    2,
    ({ run, folder }) => `run "${run}" already exists (${folder})`,
    ({ run }) => `continue it with --resume ${run} or choose another name with --run`,
  ),
  RESUME_CONFLICT: kind<{ option: string; run: string; stored: string; given: string }>(
    2,
    ({ option, run, stored, given }) => `${option} is ${stored} in run "${run}", but ${given} was given`,
    () => 'remove the option, or start a new run with it',
  ),
  PLUGIN_REFUSED: kind<{ module: string; reason: string; hint: string }>(
    2,
    ({ module, reason }) => `${module}: not a usable plug-in: ${reason}`,
    ({ hint }) => hint,
  ),
  PLUGIN_FAILED: kind<{ place: string; reason: string }>(
    1,
    ({ place, reason }) => `${place}: the plug-in failed: ${reason}`,
    () => 'correct the plug-in; --verbose shows the stack trace',
  ),
  SEARCH_INVALID: kind<{ reason: string }>(
    2,
    ({ reason }) => `invalid search: ${reason}`,
    () => 'see docs/search.md for the section "search" of a configuration file',
  ),
  OUTPUT_EXISTS: kind<{ path: string }>(
    2,
    ({ path }) => `${path} already exists`,
    () => 'choose another folder with --output or delete this one',
  ),

  DATASET_UNKNOWN: kind<{ dataset: string; known: string; nearest: string | undefined }>(
    3,
    ({ dataset, known }) => `unknown data set "${dataset}" (known: ${known})`,
    ({ dataset, nearest }) =>
      nearest
        ? `did you mean "${nearest}"?`
        : `collect your own with "mnist collect ${dataset} --from FOLDER"`,
  ),
  DATASET_SOURCE_MISSING: kind<{ dataset: string; advice: string }>(
    3,
    ({ dataset }) => `data set "${dataset}" is not collected and not included in this package`,
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
    () => 'check that the file exists and is readable',
  ),
  DATA_CORRUPT: kind<{ path: string; reason: string }>(
    3,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'the file is damaged; collect it again with "mnist collect"',
  ),
  DATA_REFUSED: kind<{ path: string; what: string; expected: string; found: string }>(
    3,
    ({ path, what, expected, found }) => `${path}: ${what} is ${found}, expected ${expected}`,
    () => 'this is not the published file; use another source, or collect it under another name',
  ),
  SOURCE_REFUSED: kind<{ path: string; reason: string; hint: string }>(
    3,
    ({ path, reason }) => `${path}: ${reason}`,
    ({ hint }) => hint,
  ),
  DOWNLOAD_FAILED: kind<{ url: string; reason: string }>(
    3,
    ({ url, reason }) => `${url}: ${reason}`,
    () => 'check the address and the network; run the command again to resume the download',
  ),
  AUDIT_BROKEN: kind<{ path: string; line: string; reason: string }>(
    3,
    ({ path, line, reason }) => `${path}: hash chain broken at ${line}: ${reason}`,
    () => 'compare the log with a backup; records after that line cannot be trusted',
  ),

  PICTURE_UNREADABLE: kind<{ path: string; reason: string }>(
    3,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'use a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF image that shows a single object',
  ),

  BACKEND_UNAVAILABLE: kind<{ backend: string; reason: string; hint: string }>(
    4,
    ({ backend, reason }) => `backend "${backend}" is unavailable: ${reason}`,
    ({ hint }) => hint,
  ),
  BACKEND_LACKS_KERNELS: kind<{ backend: string; model: string; kernels: string }>(
    4,
    ({ backend, model, kernels }) => `backend "${backend}" cannot train ${model}: missing ${kernels}`,
    () => 'use --backend tensorflow or --backend cpu',
  ),
  DEVICE_UNAVAILABLE: kind<{ reason: string }>(
    4,
    ({ reason }) => `no usable GPU: ${reason}`,
    () => 'run "mnist doctor" to see what is missing, or use --device auto to fall back to the CPU',
  ),
  RUNTIME_MISSING: kind<{ reason: string; hint: string }>(
    4,
    ({ reason }) => `no TensorFlow runtime: ${reason}`,
    ({ hint }) => hint,
  ),
  RUNTIME_UNUSABLE: kind<{ path: string; reason: string }>(
    4,
    ({ path, reason }) => `${path}: not a usable TensorFlow runtime (${reason})`,
    () => 'install one with "mnist runtime install", or set --runtime or MNIST_TENSORFLOW to its folder',
  ),
  ONNX_RUNTIME_MISSING: kind<{ reason: string; command: string }>(
    4,
    ({ reason }) => `ONNX Runtime is needed, and not installed: ${reason}`,
    ({ command }) => `run "${command}" where mnist-train is installed`,
  ),
  SEAL_UNAVAILABLE: kind<{ reason: string; hint: string }>(
    4,
    ({ reason }) => `Microsoft SEAL, which encrypts images, cannot be used: ${reason}`,
    ({ hint }) => hint,
  ),
  LITERT_MISSING: kind<{ reason: string; command: string }>(
    4,
    ({ reason }) => `LiteRT is needed, and not installed: ${reason}`,
    ({ command }) => `run "${command}" where mnist-train is installed`,
  ),
  RUNTIME_INSTALL_FAILED: kind<{ file: string; reason: string; hint: string }>(
    4,
    ({ file, reason }) => `cannot install the TensorFlow runtime: ${file}: ${reason}`,
    ({ hint }) => hint,
  ),
  MPI_MISSING: kind<{ reason: string; hint?: string }>(
    4,
    ({ reason }) => `no MPI: ${reason}`,
    ({ hint }) =>
      hint ?? 'install one with "mnist runtime install --mpi", or name yours with --mpi or MNIST_MPI',
  ),
  MPI_UNUSABLE: kind<{ path: string; reason: string }>(
    4,
    ({ path, reason }) => `${path}: not a usable MPI library (${reason})`,
    () => 'install one with "mnist runtime install --mpi", or name another with --mpi or MNIST_MPI',
  ),
  MPI_FAILED: kind<{ operation: string; reason: string }>(
    1,
    ({ operation, reason }) => `MPI failed in ${operation}: ${reason}`,
    () => 'see docs/distributed.md; the last checkpoint of the run is kept',
  ),
  WORKER_LOST: kind<{ worker: string; reason: string }>(
    1,
    ({ worker, reason }) => `${worker} is lost: ${reason}`,
    () => 'continue from the last checkpoint with --resume, or let --restarts do it',
  ),
  WORKER_DIFFERS: kind<{ worker: string; what: string; found: string; expected: string }>(
    4,
    ({ worker, what, found, expected }) =>
      `${worker} has another ${what}: ${found}; the first worker has ${expected}`,
    () => 'all workers need the same data, options, mnist-train, TensorFlow and kind of processor',
  ),
  WORKERS_UNSUPPORTED: kind<{ what: string; hint?: string }>(
    2,
    ({ what }) => `several workers cannot train ${what}`,
    ({ hint }) => hint ?? 'train without --workers (docs/distributed.md lists what is not supported)',
  ),
  TENSORFLOW_FAILED: kind<{ operation: string; reason: string }>(
    1,
    ({ operation, reason }) => `TensorFlow failed in ${operation}: ${reason}`,
    () => 'run again with --verbose and report the stack trace',
  ),
  OUT_OF_MEMORY: kind<{ reason: string; batchSize?: number; fits?: number }>(
    1,
    ({ reason, batchSize }) =>
      `out of memory${batchSize === undefined ? '' : ` with batch size ${batchSize}`}: ${reason}`,
    ({ fits }) =>
      fits === undefined
        ? 'use a smaller --batch-size, close other programs or raise the limit (ulimit -v)'
        : `use --batch-size ${fits}; earlier checkpoints of the run are kept`,
  ),
  STEP_NOT_TRACEABLE: kind<{ operation: string; reason: string }>(
    1,
    ({ operation, reason }) => `the model cannot be compiled: ${operation} ${reason}`,
    () => 'use only tensor operations in the model, or run it with --backend cpu',
  ),
  STEP_NOT_COMPILABLE: kind<{ step: string; reason: string }>(
    1,
    ({ step, reason }) => `${step} cannot be compiled: ${reason}`,
    () => 'docs/compile.md says what a compiled step may do, and what to do instead',
  ),

  TRAINING_DIVERGED: kind<{ epoch: number; batch: number; loss?: number }>(
    1,
    ({ epoch, batch, loss }) => {
      const what = loss === undefined ? 'the weights are not finite' : `the loss is ${loss}`;
      return `training diverged: ${what} in epoch ${epoch}, batch ${batch}`;
    },
    () => 'lower --learning-rate; earlier checkpoints of the run are kept',
  ),

  SEARCH_FAILED: kind<{ trials: number; reason: string }>(
    1,
    ({ trials, reason }) => `no successful trial out of ${trials}; first failure: ${reason}`,
    () => 'narrow the search space or correct the options shared by all trials',
  ),

  QUALITY_GATE_NOT_MET: kind<{ accuracy: number; minimum: number; split: string }>(
    5,
    ({ accuracy, minimum, split }) => `${split} accuracy is ${accuracy}, below the minimum of ${minimum}`,
    () => 'improve the model or lower --min-accuracy',
  ),
  PROMOTION_REFUSED: kind<{ name: string; version: number; reason: string }>(
    5,
    ({ name, version, reason }) => `${name} version ${version} not promoted: ${reason}`,
    () => 'improve the model, or promote it anyway with --force',
  ),
  EXPORT_DIFFERS: kind<{ target: string; difference: string; bar: string }>(
    5,
    ({ target, difference, bar }) => `${target} export discarded: ${difference}, allowed ${bar}`,
    () => 'the export does not match the checkpoint; report it with the options of the model',
  ),

  CHECKPOINT_MISSING: kind<{ name: string; folder: string; nearest: string | undefined }>(
    6,
    ({ name, folder }) => `no checkpoint "${name}": not a file and not a run in ${folder}`,
    ({ nearest }) => (nearest ? `did you mean "${nearest}"?` : '"mnist runs" lists the runs'),
  ),
  CHECKPOINT_CORRUPT: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: damaged or not a checkpoint: ${reason}`,
    () => 'use another checkpoint of the run (last or best) or train again',
  ),
  CHECKPOINT_FOREIGN: kind<{ path: string; what: string }>(
    6,
    ({ path, what }) => `${path} is ${what}; a mnist-train checkpoint (.safetensors) is needed`,
    ({ what }) =>
      /Keras|TensorFlow\.js|PyTorch|safetensors|an ONNX model/.test(what)
        ? '"mnist import" makes a checkpoint of it (docs/import.md)'
        : '"mnist runs" lists the runs; name one, or one of its checkpoint files',
  ),
  CHECKPOINT_REFUSED: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'use a matching checkpoint or train a new one',
  ),
  CHECKPOINT_OPAQUE: kind<{ path: string }>(
    6,
    ({ path }) => `${path} holds an ONNX model: it gives answers, and has no layers or gradients for this`,
    () =>
      'evaluate, predict, explain --method occlusion, calibrate, serve and deploy --to registry take it (docs/import.md)',
  ),
  MODEL_UNREADABLE: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'the file is damaged or not what its name says; save the model again',
  ),
  MODEL_UNSUPPORTED: kind<{ path: string; reason: string; hint?: string }>(
    6,
    ({ path, reason }) => `${path}: cannot be imported: ${reason}`,
    ({ hint = 'docs/import.md lists what can be imported' }) => hint,
  ),
  PLUGIN_NEEDED: kind<{ path: string; what: string; module: string; hint: string }>(
    6,
    ({ path, what, module }) => `${path}: its ${what} comes from a plug-in (${module})`,
    ({ hint }) => hint,
  ),
  PLUGIN_CHANGED: kind<{ path: string; what: string; module: string; stored: string; found: string }>(
    6,
    ({ path, what, module, stored, found }) =>
      `${path}: its ${what} was made with another version of ${module} (SHA-256 ${stored}, now ${found})`,
    () => 'restore the file, or accept the new one with --allow-changed-plugins',
  ),
  SEARCH_UNUSABLE: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: cannot resume the search: ${reason}`,
    () => 'give the name of another search or start a new one',
  ),
  DECISION_INVALID: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: invalid decision file: ${reason}`,
    () => 'recreate it with "mnist calibrate" or delete it',
  ),
  MODEL_MISSING: kind<{ name: string; hint: string }>(
    6,
    ({ name }) => `no deployed model ${name}`,
    ({ hint }) => hint,
  ),
  MODEL_CORRUPT: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'roll back to another version or deploy the checkpoint again',
  ),
  SIGNING_KEY_UNUSABLE: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: not a usable key: ${reason}`,
    () => '"mnist signing keygen FILE" makes a key pair; docs/proof.md says which key is for what',
  ),
  SIGNATURE_MISSING: kind<{ path: string }>(
    6,
    ({ path }) => `${path}: not found: the model is not signed`,
    () => 'sign it: "mnist signing sign FOLDER", or "mnist registry sign NAME VERSION" in a registry',
  ),
  SIGNATURE_INVALID: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: signature refused: ${reason}`,
    () => 'use the model as its publisher signed it, and the key that it was signed with',
  ),
  LOG_CHECKPOINT_REFUSED: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    () => 'use a checkpoint of this log, and the public key of whoever signed it (--verify-key)',
  ),
  WITNESS_REFUSED: kind<{ url: string; reason: string }>(
    6,
    ({ url, reason }) => `witness ${url}: ${reason}`,
    () => 'no checkpoint was written; ask the operator of the witness, or use another',
  ),
  POLICY_INVALID: kind<{ path: string; reason: string; hint?: string | undefined }>(
    6,
    ({ path, reason }) => `${path}: policy refused: ${reason}`,
    ({
      hint = 'restore the registry’s policy from a backup; a new version needs the signatures of the old one’s roots',
    }) => hint,
  ),
  POLICY_EXPIRED: kind<{ path: string; version: number; expires: string }>(
    6,
    ({ path, version, expires }) => `${path}: version ${version} of the policy expired on ${expires}`,
    () =>
      'renew it: "mnist policy create NEW", "mnist policy sign NEW" by its roots, "mnist policy apply NEW"',
  ),
  POLICY_REFUSED: kind<{ what: string; reason: string; hint: string }>(
    6,
    ({ what, reason }) => `${what}: refused by the policy: ${reason}`,
    ({ hint }) => hint,
  ),
  EXPORT_UNSUPPORTED: kind<{ target: string; reason: string; hint?: string }>(
    6,
    ({ target, reason }) => `cannot export the model to ${target}: ${reason}`,
    ({ hint = 'deploy it to the registry, which supports every model' }) => hint,
  ),
  CIPHERTEXT_REFUSED: kind<{ path: string; reason: string; hint: string }>(
    6,
    ({ path, reason }) => `${path}: ${reason}`,
    ({ hint }) => hint,
  ),

  ENCRYPTION_LOCKED: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path} is encrypted: ${reason}`,
    () =>
      'name the file of the key with --identity or MNIST_IDENTITY, or that of the passphrase with --passphrase-file',
  ),
  ENCRYPTION_DAMAGED: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: damaged or changed since it was encrypted: ${reason}`,
    () => 'restore it from a copy, or make it again',
  ),
  IDENTITY_INVALID: kind<{ path: string; reason: string }>(
    6,
    ({ path, reason }) => `${path}: not a usable identity file: ${reason}`,
    () => 'make one with "mnist keys generate FILE", or name another with --identity',
  ),
  ENCRYPTION_REFUSED: kind<{ reason: string; hint: string }>(
    2,
    ({ reason }) => reason,
    ({ hint }) => hint,
  ),

  TOKENS_CORRUPT: kind<{ path: string; reason: string }>(
    2,
    ({ path, reason }) => `${path}: invalid tokens file: ${reason}`,
    () => 'move it away and create new tokens with "mnist tokens create", or use another --tokens-file',
  ),
  TOKENS_MISSING: kind<{ host: string; path: string }>(
    2,
    ({ host, path }) => `${host} is reachable from other machines, but ${path} has no valid token`,
    () => 'create one with "mnist tokens create --role infer" or listen on 127.0.0.1',
  ),
  SECRET_EXPOSED: kind<{ path: string; reason: string; remedy: string }>(
    2,
    ({ path, reason }) => `${path}: ${reason}`,
    ({ remedy }) => remedy,
  ),
  ADDRESS_UNAVAILABLE: kind<{ address: string; reason: string }>(
    1,
    ({ address, reason }) => `cannot listen on ${address} (${reason})`,
    () => 'choose another --host or --port; --port 0 selects a free port',
  ),

  INTERRUPTED: kind<{ hint: string }>(
    130,
    () => 'interrupted',
    ({ hint }) => hint,
  ),
  HUNG_UP: kind<{ hint: string }>(
    129,
    () => 'terminal closed',
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

/** The details that the error of a code needs. */
export type ErrorDetails<Code extends ErrorCode> = Parameters<
  (typeof errorKinds)[Code]['message' | 'hint']
>[0];

/** An error of the table: a code, a one-line message that says what is wrong and where, and a hint. */
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

  /** A plug-in imports a copy of this class of its own: the errors of both are the same to us. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'ToolkitError' && 'code' in value && 'exitCode' in value;
  }
}

/** Whether a thrown value is an error of the table. */
export function isToolkitError(error: unknown): error is ToolkitError {
  return error instanceof ToolkitError;
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a Node.js system error, such as `ENOENT`; undefined for other errors. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The out-of-memory messages of V8, WebAssembly, the system and oneDNN (status 1). */
const NO_MEMORY =
  /array buffer allocation failed|out of memory|could not allocate memory|cannot allocate|bad_alloc|received an exception:\s*status: 1,/i;

/** Whether an error is an out-of-memory error, of exhausted or limited memory (`ulimit -v`, a container). */
export function isMemoryFailure(error: unknown): boolean {
  if (isToolkitError(error)) return error.code === 'OUT_OF_MEMORY';
  return systemCodeOf(error) === 'ENOMEM' || NO_MEMORY.test(messageOf(error));
}

/** Converts any thrown value to an error of the table; the catch-all of the command line uses it. */
export function asToolkitError(error: unknown): ToolkitError {
  if (isToolkitError(error)) return error;
  if (isMemoryFailure(error))
    return new ToolkitError('OUT_OF_MEMORY', { reason: messageOf(error) }, { cause: error });
  return new ToolkitError('UNEXPECTED', { message: messageOf(error) }, { cause: error });
}

/** An error of another process, by what was passed on of it. */
export function errorFromRecord({
  message,
  ...rest
}: Pick<ToolkitError, 'code' | 'message' | 'hint' | 'exitCode'>): ToolkitError {
  return Object.assign(new ToolkitError('UNEXPECTED', { message }), rest);
}
