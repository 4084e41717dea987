import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { QUICK, runCommand, runHere, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it('from a checkpoint into production and back, on the command line', { timeout: 180_000 }, async () => {
  const cwd = await temporaryFolder();
  const mnist = (...words: string[]): Promise<Ended> => runCommand([...words, '--json'], { cwd });
  const here = (...words: string[]): Promise<Ended> => runHere([...words, '--json'], { cwd });

  expect((await here('train', '--epochs', '2', '--run', 'good', ...QUICK)).code).toBe(0);
  expect((await here('train', '--epochs', '1', '--batch-size', '5000', '--run', 'bad', ...QUICK)).code).toBe(
    0,
  );
  expect((await mnist('deploy', 'good')).result()).toMatchObject({
    target: 'registry',
    name: 'mnist',
    version: 1,
  });
  expect((await mnist('registry', 'promote')).result()).toMatchObject({ version: 1, before: null });
  expect((await here('deploy', 'bad')).result()).toMatchObject({ version: 2 });

  const refused = await mnist('registry', 'promote', 'mnist', '2');
  expect(refused.code).toBe(5);
  expect(refused.stderr).toMatch(/error: mnist version 2 not promoted: worse than version 1/);
  expect((await here('registry', 'promote', 'mnist', '2', '--force')).result()).toMatchObject({
    forced: true,
  });
  expect((await mnist('registry', 'rollback')).result()).toMatchObject({ version: 1, before: 2 });
  expect((await here('registry', 'list')).result()).toMatchObject({
    versions: [
      { version: 2, aliases: ['candidate'], run: 'bad' },
      { version: 1, aliases: ['production'], run: 'good' },
    ],
  });
  expect((await mnist('registry', 'verify')).result()).toMatchObject({ versions: 2 });

  const audit = await here('audit', 'verify');
  expect(audit.result()).toMatchObject({ records: 5 });
  const log = join(cwd, 'models', 'audit.jsonl');
  await writeFile(log, (await readFile(log, 'utf8')).replace('"forced":true', '"forced":false'));
  const tampered = await mnist('audit', 'verify');
  expect(tampered.code).toBe(3);
  expect(tampered.stderr).toMatch(/error: .*audit\.jsonl: hash chain broken at line 5/);
});

it('says what cannot be deployed, and why', async () => {
  const cwd = await temporaryFolder();
  const mnist = (...words: string[]): Promise<Ended> => runHere(words, { cwd });
  expect(await mnist('deploy', 'nothing')).toMatchObject({ code: 6 });
  const target = await mnist('deploy', 'nothing', '--to', 'onyx');
  expect(target.code).toBe(2);
  expect(target.stderr).toContain('did you mean onnx?');
  const option = await mnist('deploy', 'nothing', '--to', 'registry', '--quantize', 'int8');
  expect(option.code).toBe(2);
  expect(await mnist('registry', 'promote')).toMatchObject({ code: 6 });
  expect(await mnist('registry', 'promote', 'mnist', 'latest')).toMatchObject({ code: 2 });
  expect(await mnist('audit', 'verify')).toMatchObject({ code: 3 });
});
