import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { obtainNpmRuntime, type NpmRuntime } from '../../engine/npm-runtime/obtain.js';

/** The build of LiteRT that runs wherever WebAssembly has vectors of 128 bits; the others need newer browsers or their own threads. */
export const LITERT_SCRIPT = 'litert_wasm_compat_internal.js';

/** LiteRT (once TensorFlow Lite), compiled to WebAssembly. */
export const liteRt: NpmRuntime = {
  title: 'LiteRT',
  package: { name: '@litertjs/core', version: '2.5.3', mebibytes: 11 },
  folder: 'wasm',
  files: new Map([
    [LITERT_SCRIPT, '4d8f894b7883654fd6e8439730aa41e79ceaab7d19184fc4f1f0b0f1a2a2c8a5'],
    ['litert_wasm_compat_internal.wasm', '5255c8ad06eabdbd2522cdebf6b22fc10faf74625c23a49b9e072570cd1fa41c'],
  ]),
  missing: (reason, command, cause) => new ToolkitError('LITERT_MISSING', { reason, command }, { cause }),
};

/** The folder with LiteRT's files. Throws LITERT_MISSING, STORAGE_FULL, STORAGE_DENIED, or the signal's reason. */
export function obtainLiteRt(environment: NodeJS.ProcessEnv, context: StageContext): Promise<string> {
  return obtainNpmRuntime(liteRt, { files: [...liteRt.files.keys()], environment }, context);
}
