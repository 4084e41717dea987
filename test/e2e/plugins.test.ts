import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { runCommand } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/plugins/model.mjs', import.meta.url));

it('a plug-in imports this package wherever it lies', async () => {
  const cwd = await temporaryFolder();
  await copyFile(EXAMPLE, join(cwd, 'mine.mjs'));
  const { code, result } = await runCommand(['models', '--plugin', './mine.mjs', '--json'], { cwd });
  expect(code).toBe(0);
  expect(result()['models']).toContainEqual(
    expect.objectContaining({ name: 'edge-net', parameters: expect.any(Number) as number }),
  );
});
