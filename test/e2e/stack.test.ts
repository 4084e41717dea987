import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { QUICK, runCommand, runHere, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

const CONFIG = fileURLToPath(new URL('../../configs/stack.json', import.meta.url));

it('a file describes a network, which is trained and evaluated', { timeout: 180_000 }, async () => {
  const cwd = await temporaryFolder();
  const mnist = (...words: string[]): Promise<Ended> => runHere([...words, '--json'], { cwd });
  const trained = await mnist('train', '--config', CONFIG, '--epochs', '1', '--run', 'stacked', ...QUICK);
  expect(trained.stderr).not.toMatch(/error/);
  const { test: measured } = trained.result() as { test: { accuracy: number } };
  expect(measured.accuracy).toBeGreaterThan(0.75);
  expect((await mnist('evaluate', 'stacked')).result()).toMatchObject({ accuracy: measured.accuracy });
});

it('so does an option, as JSON; what does not fit is refused with its place', async () => {
  const cwd = await temporaryFolder();
  const layers = JSON.stringify([{ type: 'max-pooling' }, { type: 'dense', units: 3 }]);
  const refused = await runCommand(['train', '--model', 'stack', '--layers', layers, ...QUICK], { cwd });
  expect(refused.stderr).toMatch(/error: layers\[1\] \(dense\) needs a vector .*, but gets 14×14×1/);
  expect(refused.code).toBe(2);
  const wrong = await runHere(['train', '--model', 'stack', '--layers', '[{"type":"dense"}]'], { cwd });
  expect(wrong.stderr).toMatch(
    /error: --layers\[0\]\.units is missing \(from the command line\), but must be a/,
  );
});
