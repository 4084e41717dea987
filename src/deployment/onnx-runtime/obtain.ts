import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { obtainPackage } from '../npm-package/obtain.js';
import type { RuntimeName } from '../web/page-model.js';
import { fileNames, ONNX_RUNTIME, PACKAGE, pinnedFiles, type PinnedFiles } from './pinned-files.js';

/** Which builds are needed, and where to look for them. */
export interface OnnxRuntimeRequest {
  builds: readonly RuntimeName[];
  environment: NodeJS.ProcessEnv;
}

/**
 * The folder with the files of ONNX Runtime: that of an installed onnxruntime-web of the pinned version, or else the cache, which is
 * filled on first use with the six files that are used of the package. Throws ONNX_RUNTIME_MISSING, STORAGE_FULL, STORAGE_DENIED, or the
 * signal's reason.
 */
export async function obtainOnnxRuntime(
  { builds, environment }: OnnxRuntimeRequest,
  context: StageContext,
  findInstalled?: () => string | undefined,
  pinned: PinnedFiles = pinnedFiles,
): Promise<string> {
  const files = new Map(Object.values(pinned).flatMap((build) => [...build]));
  const onnxRuntime = { ...PACKAGE, title: 'ONNX Runtime', lock: 'onnx-runtime.lock', files, missing };
  return obtainPackage(onnxRuntime, fileNames(builds, pinned), environment, context, findInstalled);
}

function missing(reason: string, cause?: unknown): ToolkitError {
  const details = { reason, command: `npm install ${ONNX_RUNTIME}` };
  return new ToolkitError('ONNX_RUNTIME_MISSING', details, { cause });
}
