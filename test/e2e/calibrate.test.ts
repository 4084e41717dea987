import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, inject, it } from 'vitest';

import { findPrepared } from '../../src/artifacts/prepared.js';
import type { StoredDecision } from '../../src/artifacts/decision.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { onSheet } from '../support/foreign-pictures.js';

it('calibrate: the stored decision is measured, followed by predict, and refused when it does not fit', async () => {
  const cwd = await temporaryFolder();
  await runHere(['train', '--epochs', '4', '--run', 'base', ...QUICK], { cwd });
  const calibrated = await runCommand(
    ['calibrate', 'base', '--target-accuracy', '0.99', '--threads', '1', '--json'],
    { cwd },
  );
  expect(calibrated.code).toBe(0);
  const { temperature, thresholds, measured } = calibrated.result() as unknown as StoredDecision;
  expect(temperature).toBeGreaterThan(0.3);
  expect(temperature).toBeLessThan(5);
  const [validation, tested] = measured;
  expect(validation!.loss.after).toBeLessThanOrEqual(validation!.loss.before);
  // The target is met on the split that the thresholds were found on, and nearly so on other images.
  expect(validation!.policy.accuracy).toBeGreaterThanOrEqual(0.99);
  expect(tested!.policy.accuracy).toBeGreaterThan(0.97);
  expect(tested!.policy.coverage).toBeGreaterThan(0.3);
  expect(tested!.policy.coverage).toBeLessThan(1);
  expect(tested!.curve.at(-1)!.accuracy).toBeGreaterThan(tested!.curve[0]!.accuracy);
  expect(thresholds).toHaveLength(10);

  const data = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  const { width, height, rgba } = onSheet(data.test.pixels.subarray(0, 784), 4, (ink) => 255 - ink);
  await sharp(rgba, { raw: { width, height, channels: 4 } }).toFile(join(cwd, 'seven.png'));
  const path = join(cwd, 'checkpoints', 'base', 'decision.json');
  const stored = JSON.parse(await readFile(path, 'utf8')) as StoredDecision;
  await writeFile(path, JSON.stringify({ ...stored, thresholds: thresholds.map(() => 1) }));
  const abstained = await runHere(['predict', 'base', 'seven.png', '--json'], { cwd });
  expect(abstained.code).toBe(0);
  expect(abstained.result()).toMatchObject({
    predictions: [{ class: null, abstained: true, reason: { code: 'below-threshold' } }],
  });
  const told = await runHere(['predict', 'base', 'seven.png'], { cwd });
  expect(told.stdout).toMatch(
    /ask a person: seven\.png: “7” has probability \d+\.\d %; its threshold is 100\.0 %/,
  );

  const other = { ...stored, checkpoint: { ...stored.checkpoint, sha256: '0'.repeat(64) } };
  await writeFile(path, JSON.stringify(other));
  const outdated = await runHere(['predict', 'base', 'seven.png'], { cwd });
  expect(outdated.code).toBe(0);
  expect(outdated.stderr).toContain('belongs to another checkpoint');

  await appendFile(path, 'x');
  const damaged = await runHere(['predict', 'base', 'seven.png'], { cwd });
  expect(damaged.code).toBe(6);
  expect(damaged.stderr).toContain('invalid decision file');
});
