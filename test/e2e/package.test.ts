import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, inject, it } from 'vitest';

import { QUICK, runCommand } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

function npm(words: readonly string[], cwd: string): string {
  // Vitest was started by npm, whose variables would lead a nested one astray.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
  );
  return execFileSync('npm', [...words, '--silent', '--no-audit', '--no-fund'], {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

it(
  'npm pack, installed elsewhere, trains by its three names and can be imported',
  { timeout: 300_000 },
  async () => {
    const folder = await temporaryFolder();
    npm(['pack', '--ignore-scripts', '--pack-destination', folder], CHECKOUT);
    const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    npm(['init', '--yes'], folder);
    npm(['install', `./${archive!}`], folder);
    const installed = join(folder, 'node_modules', 'mnist-train');
    expect(existsSync(join(installed, 'src'))).toBe(false);
    expect(existsSync(join(installed, 'vendor', 'tensorflow-kernels.cjs'))).toBe(true);

    const run = (name: string, ...words: string[]): string =>
      execFileSync(join(folder, 'node_modules', '.bin', name), words, {
        cwd: folder,
        env: { ...process.env, MNIST_DATA_DIR: inject('dataDir') },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    expect(run('mnist-train', '--epochs', '1', '--run', 'packed', '--quiet', ...QUICK)).toMatch(
      /^test +\d\d\.\d\d %/,
    );
    expect(run('mnist-eval', 'packed', '--quiet')).toContain('packed on the test images of mnist (10,000)');
    expect(run('mnist', 'runs')).toContain('packed');
    const script = `import { train, version } from 'mnist-train'; console.log(typeof train, version);`;
    const imported = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(imported).toMatch(/^function \d+\.\d+\.\d+\n$/);
  },
);

it.each(['22', '24', '26'])('trains on Node %s', { timeout: 300_000 }, async (major) => {
  const folder = await temporaryFolder();
  npm(['install', '--no-save', '--prefix', folder, `node@${major}`], folder);
  const node = join(folder, 'node_modules', 'node', 'bin', 'node');
  expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${major}\\.`));
  const { code, stderr, result } = await runCommand(['train', '--epochs', '1', '--json', ...QUICK], {
    cwd: folder,
    node,
  });
  expect(stderr).not.toMatch(/warning|error|deprecat/i);
  expect(code).toBe(0);
  expect(result()).toMatchObject({ backend: 'tensorflow', epochs: 1 });
});
