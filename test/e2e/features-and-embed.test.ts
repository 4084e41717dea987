import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it(
  'principal components are trained on, stored, evaluated, resumed and embedded',
  { timeout: 180_000 },
  async () => {
    const cwd = await temporaryFolder();
    const step = async (...words: string[]): Promise<Record<string, unknown>> => {
      const run = words[0] === 'embed' ? runCommand : runHere;
      const { code, stderr, result } = await run([...words, '--json'], { cwd });
      expect(stderr).not.toMatch(/^error/m);
      expect(code).toBe(0);
      return result();
    };
    const pca = ['--features', 'pca', '--pca-components', '20', '--schedule', 'constant', ...QUICK];
    const trained = (await step('train', ...pca, '--epochs', '2', '--run', 'whole')) as {
      test: { accuracy: number };
    };
    expect(trained.test.accuracy).toBeGreaterThan(0.75);
    const { accuracy } = (await step('evaluate', 'whole')) as { accuracy: number };
    expect(accuracy).toBeCloseTo(trained.test.accuracy, 9);

    const best = await readCheckpoint(join(cwd, 'checkpoints/whole/best.safetensors'));
    expect(best.description.config).toMatchObject({ features: 'pca', pcaComponents: 20, pcaWhiten: true });
    const components = best.tensors.get('parameters/pca/components')!;
    expect(components.shape).toEqual([784, 20]);
    // Fixed: the optimiser has no state of it.
    expect([...best.tensors.keys()].filter((name) => name.startsWith('optimizer/pca'))).toEqual([]);

    await step('train', ...pca, '--epochs', '1', '--run', 'parts');
    await step('train', '--resume', 'parts', '--epochs', '2');
    const resumed = await readCheckpoint(join(cwd, 'checkpoints/parts/last.safetensors'));
    const last = await readCheckpoint(join(cwd, 'checkpoints/whole/last.safetensors'));
    for (const [name, tensor] of last.tensors) {
      expect([name, Buffer.compare(tensor.bytes, resumed.tensors.get(name)!.bytes)]).toEqual([name, 0]);
    }

    const embedded = await step('embed', 'whole', '--map-images', '200');
    expect(embedded).toMatchObject({ images: 2000, size: 64, split: 'test' });
    const file = await readFile(join(cwd, 'checkpoints/whole/embeddings/mnist-test.npy'));
    expect(file.length % 64).toBe((2000 * 64 * 4) % 64);
    expect(file.toString('latin1', 10, 80)).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2000, 64\), \}/,
    );
    // The last layer makes of them the very logits that evaluate judged.
    const kernel = loadFloats(best.tensors.get('parameters/dense3/kernel')!);
    const bias = loadFloats(best.tensors.get('parameters/dense3/bias')!);
    const vectors = new Float32Array(new Uint8Array(file.subarray(-2000 * 64 * 4)).buffer);
    const labels = (await readFile(join(cwd, 'checkpoints/whole/embeddings/mnist-test-labels.npy'))).subarray(
      -2000,
    );
    const correct = labels.reduce((sum, label, row) => {
      const logits = Array.from(bias, (start, unit) =>
        vectors
          .subarray(row * 64, row * 64 + 64)
          .reduce((all, value, at) => all + value * kernel[at * 10 + unit]!, start),
      );
      return sum + (logits.indexOf(Math.max(...logits)) === label ? 1 : 0);
    }, 0);
    expect(correct / 2000).toBeCloseTo(accuracy, 3);
    for (const name of ['pca', 'umap']) {
      const { format, width } = await sharp(
        join(cwd, `checkpoints/whole/embeddings/mnist-test-${name}.png`),
      ).metadata();
      expect(format).toBe('png');
      expect(width).toBeGreaterThan(800);
    }
  },
);

it('options of other features, and features of a net without them, are refused or absent', async () => {
  const cwd = await temporaryFolder();
  const other = await runHere(['train', '--hog-cell-size', '7'], { cwd });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('--hog-cell-size (from the command line) does not apply to --features raw');
  const output = await runHere(['embed', 'latest', '--output', 'e.txt'], { cwd });
  expect(output.code).toBe(2);
  expect(output.stderr).toContain('a file name that ends in .npy or .csv');
});

it('an option that can only be switched off leaves the environment its say', async () => {
  const cwd = await temporaryFolder();
  const environment = { MNIST_FEATURES: 'pca', MNIST_PCA_WHITEN: 'false' };
  const { code, result } = await runCommand(['train', '--print-config', '--json'], { cwd, environment });
  expect(code).toBe(0);
  const { config } = result() as { config: Record<string, { value: unknown; origin: string }> };
  expect(config['pcaWhiten']).toMatchObject({ value: false });
});
