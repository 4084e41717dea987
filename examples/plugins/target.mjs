// A custom deployment target: the checkpoint with a description for people.
// mnist deploy latest --to ./target.mjs --owner "Vision team"
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { defineTarget, z } from 'mnist-train/plugins';

export default defineTarget({
  name: 'handover',
  summary: 'checkpoint with a description, for colleagues',
  destination: 'folder',
  options: z.strictObject({
    owner: z
      .string()
      .min(1)
      .default('nobody')
      .meta({ description: 'person or team responsible for the model' }),
  }),
  async export(source, { owner }, folder) {
    const { description, path } = source.checkpoint;
    const model = join(folder, 'model.safetensors');
    await copyFile(path, model);
    const lines = [`# ${description.run}`, `Owner: ${owner}`, `Test accuracy: ${source.accuracy}`];
    await writeFile(join(folder, 'README.md'), `${lines.join('\n\n')}\n`);
    const { height, width, channels } = description.shape;
    return {
      engine: source.backend.name,
      signature: {
        inputs: [{ name: 'pixels', type: 'uint8', shape: ['batch', height, width, channels] }],
        outputs: [
          { name: 'probabilities', type: 'float32', shape: ['batch', description.classNames.length] },
        ],
      },
      classify: (images) => source.classifyCheckpoint(model, images),
      dispose: () => Promise.resolve(),
    };
  },
});
