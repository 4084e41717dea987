import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { fileLayer } from '../../../src/core/config/layers.js';
import { temporaryFolder } from '../../support/folders.js';

it('a configuration file may begin with a byte-order mark', async () => {
  const path = join(await temporaryFolder(), 'config.json');
  await writeFile(path, '\ufeff{"epochs": 3}');
  expect((await fileLayer(path)).values).toEqual({ epochs: 3 });
});
