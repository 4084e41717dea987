import type { PageModel } from '../deployment/web/page-model.js';
import { onnxModel } from './onnx-model.js';
import { openPage } from './page.js';

async function fetchBeside(name: string): Promise<Response> {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing (${response.status})`);
  return response;
}

/** The page of `mnist deploy --to web`: the model in the same folder, no server. */
openPage({
  describe: async () => (await (await fetchBeside('model.json')).json()) as PageModel,
  load: async (model) =>
    onnxModel(new Uint8Array(await (await fetchBeside('model.onnx')).arrayBuffer()), model),
});
