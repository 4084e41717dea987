import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { storageError, writeFileAtomically } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { ruleOf } from '../../evaluation/decisions/rule.js';
import { quantizeOption, weightsOf, writeOnnx } from '../onnx/export.js';
import { obtainOnnxRuntime } from '../../engine/onnx-runtime/obtain.js';
import { fileNames } from '../../engine/onnx-runtime/pinned-files.js';
import type { DeploymentSource, ExportedModel } from '../source.js';
import { describeForPage } from '../web/describe-model.js';
import { PAGE_FOLDER, STANDALONE_SCRIPT } from '../web/files.js';
import { webGuide, headersFile } from '../web/guide.js';
import type { RuntimeName } from '../../engine/onnx-runtime/builds.js';
import { defineTarget } from './target.js';

const options = z.strictObject({
  quantize: quantizeOption,
  webgpu: z.boolean().default(true).meta({ description: 'WebGPU support (a 27 MB build of ONNX Runtime)' }),
});

/** A folder of static files that classifies in the browser: nothing is sent anywhere. */
export const web = defineTarget({
  name: 'web',
  summary: 'static web page that classifies in the browser, offline',
  destination: 'folder',
  options,
  export: exportWeb,
});

async function exportWeb(
  source: DeploymentSource,
  { quantize, webgpu }: z.output<typeof options>,
  folder: string,
): Promise<ExportedModel> {
  const { checkpoint, decision } = source;
  const { description } = checkpoint;
  const runtimes: readonly RuntimeName[] = webgpu ? ['webgpu', 'wasm'] : ['wasm'];
  const version = (await sha256OfFile(checkpoint.path)).slice(0, 12);
  const rule = ruleOf(decision, description);
  const model = describeForPage(description, version, rule, runtimes);
  const runtime = await obtainOnnxRuntime({ builds: runtimes, environment: process.env }, source.context);
  const exported = await writeOnnx('web', source, { input: 'uint8', weights: weightsOf(quantize) }, folder);
  await copyAll(folder, [
    ...['index.html', 'style.css', 'icon.svg'].map((name) => [name, join(PAGE_FOLDER, name)] as const),
    ['main.js', STANDALONE_SCRIPT],
    ...fileNames(runtimes).map((name) => [`runtime/${name}`, join(runtime, name)] as const),
  ]);
  await writeFileAtomically(join(folder, 'model.json'), `${JSON.stringify(model)}\n`);
  await writeFileAtomically(join(folder, '_headers'), headersFile());
  await writeFileAtomically(join(folder, 'README.md'), webGuide(description.run));
  return exported;
}

async function copyAll(
  folder: string,
  files: readonly (readonly [name: string, path: string])[],
): Promise<void> {
  try {
    await mkdir(join(folder, 'runtime'));
    for (const [name, path] of files) await copyFile(path, join(folder, name));
  } catch (error) {
    throw storageError(error, folder);
  }
}
