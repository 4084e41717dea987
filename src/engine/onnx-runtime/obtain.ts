import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { obtainNpmRuntime, type NpmRuntime } from '../npm-runtime/obtain.js';
import type { RuntimeName } from './builds.js';
import { fileNames, PACKAGE, pinnedFiles, type PinnedFiles } from './pinned-files.js';

/** Which builds are needed, and where to look for them. */
export interface OnnxRuntimeRequest {
  builds: readonly RuntimeName[];
  environment: NodeJS.ProcessEnv;
}

/**
 * The folder with the files of ONNX Runtime, as `obtainNpmRuntime` finds or fetches them. Throws ONNX_RUNTIME_MISSING, STORAGE_FULL,
 * STORAGE_DENIED, or the signal's reason.
 */
export function obtainOnnxRuntime(
  { builds, environment }: OnnxRuntimeRequest,
  context: StageContext,
  findInstalled?: () => string | undefined,
  pinned: PinnedFiles = pinnedFiles,
): Promise<string> {
  const request = { files: fileNames(builds, pinned), environment };
  return obtainNpmRuntime(onnxRuntime(pinned), request, context, findInstalled);
}

function onnxRuntime(pinned: PinnedFiles): NpmRuntime {
  return {
    title: 'ONNX Runtime',
    package: PACKAGE,
    folder: 'dist',
    files: new Map(Object.values(pinned).flatMap((files) => [...files])),
    missing: (reason, command, cause) =>
      new ToolkitError('ONNX_RUNTIME_MISSING', { reason, command }, { cause }),
  };
}
