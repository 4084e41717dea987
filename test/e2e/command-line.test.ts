import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { commands } from '../../src/cli/commands/index.js';
import { errorKinds } from '../../src/core/errors.js';
import { version } from '../../src/core/version.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it('--help lists every command, with the summary that the command itself has', async () => {
  const cwd = await temporaryFolder();
  const { code, stdout, stderr } = await runCommand(['--help'], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const entry of commands) {
    expect(stdout).toContain(entry.name);
    expect((await entry.load()).summary).toBe(entry.summary);
  }
});

it.each(commands.map(({ name }) => name))(
  'mnist %s --help has examples and its options, and loads no native library',
  async (name) => {
    const cwd = await temporaryFolder();
    // A folder that cannot be loaded as TensorFlow would make anything fail that tried.
    const environment = { MNIST_TENSORFLOW: cwd };
    const { code, stdout, stderr } = await runCommand([name, '--help'], { cwd, environment });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Examples:\n {2}\$ mnist/);
    expect(stdout).toContain('--json');
  },
);

it.each([['--version'], ['-v'], ['-V'], ['version'], ['train', '-v'], ['evaluate', '--version']])(
  'mnist %s %s prints the version',
  async (...words) => {
    const cwd = await temporaryFolder();
    const { code, stdout } = await runCommand(words, { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` });
  },
);

it('mnist help COMMAND is mnist COMMAND --help', async () => {
  const cwd = await temporaryFolder();
  const [help, same] = await Promise.all([
    runCommand(['help', 'predict'], { cwd }),
    runCommand(['predict', '--help'], { cwd }),
  ]);
  expect(help).toMatchObject({ code: 0, stdout: same.stdout });
  expect((await runCommand(['help', 'pedict'], { cwd })).stderr).toContain('did you mean "predict"?');
});

it('--print-config shows values with their origins: flag over environment over file over default', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'config.json'), '{"epochs": 3, "batchSize": 64, "seed": 5, "minAccuracy": 0.9}');
  const { code, result } = await runCommand(
    ['train', '--config', 'config.json', '--epochs', '7', '--print-config', '--json'],
    { cwd, environment: { MNIST_BATCH_SIZE: '32' } },
  );
  expect(code).toBe(0);
  expect(result()['config']).toMatchObject({
    epochs: { value: 7, origin: 'the command line' },
    batchSize: { value: 32, origin: 'the environment' },
    seed: { value: 5, origin: 'config.json' },
    optimizer: { value: 'adam', origin: 'the default' },
    learningRate: { value: 0.001, origin: 'the default' },
  });
});

it('a mistyped environment variable is warned of, and lists of texts may look like numbers', async () => {
  const cwd = await temporaryFolder();
  const environment = { MNIST_EPOHCS: '3', MNIST_UNRELATED_SERVICE: 'x' };
  const words = ['preprocess', '--classes', '3,5', '--as', 'few', '--data-dir', cwd];
  const { stderr, code } = await runCommand(words, { cwd, environment });
  expect(stderr).toMatch(
    /^warning: unknown environment variable MNIST_EPOHCS — did you mean MNIST_EPOCHS\?\n/,
  );
  expect(stderr).not.toContain('UNRELATED');
  // It got as far as the data.
  expect(code).toBe(3);
});

it('colours only where they are wanted', async () => {
  const cwd = await temporaryFolder();
  const isColored = async (environment: NodeJS.ProcessEnv, ...words: string[]): Promise<boolean> =>
    (await runCommand(['models', ...words], { cwd, environment })).stdout.includes('\u001b[');
  expect(await isColored({})).toBe(false);
  expect(await isColored({ FORCE_COLOR: '1' })).toBe(true);
  expect(await isColored({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  expect(await isColored({ FORCE_COLOR: '1' }, '--no-color')).toBe(false);
});

it('--quiet leaves the result alone', async () => {
  const cwd = await temporaryFolder();
  const { stdout, stderr } = await runCommand(['train', '--epochs', '1', '--quiet', ...QUICK], { cwd });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^test /);
});

it('lists: runs, models, data sets, runtimes', async () => {
  const cwd = await temporaryFolder();
  const list = async (...words: string[]): Promise<Record<string, unknown>> =>
    (await runHere([...words, '--json'], { cwd })).result();
  expect(await list('runs')).toMatchObject({ runs: [] });
  expect(await list('models')).toMatchObject({
    models: expect.arrayContaining([
      expect.objectContaining({ name: 'mlp', parameters: 109_386 }),
      expect.objectContaining({ name: 'cnn', parameters: 1_199_882 }),
      expect.objectContaining({ name: 'cnn-small', parameters: 16_218 }),
    ]) as unknown[],
  });
  const { datasets } = (await list('datasets')) as { datasets: unknown[] };
  expect(datasets).toContainEqual(expect.objectContaining({ name: 'mnist', state: 'preprocessed' }));
  expect(datasets).toContainEqual(expect.objectContaining({ name: 'fashion-mnist', state: 'not collected' }));
  const { runtimes } = (await list('runtime', 'list')) as {
    runtimes: { variant: string; installed: boolean }[];
  };
  expect(runtimes.some(({ installed }) => installed)).toBe(true);
});

it('doctor: everything that training needs is right on this machine', async () => {
  const cwd = await temporaryFolder();
  const { code, result } = await runCommand(['doctor', '--json'], { cwd });
  expect(code).toBe(0);
  const { checks, usable } = result() as { usable: boolean; checks: { name: string; status: string }[] };
  expect(usable).toBe(true);
  expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'Node.js',
      'npm',
      'pip',
      'TensorFlow runtime',
      'NVIDIA GPU',
      'backend tensorflow',
      'backend wasm',
    ]),
  );
});

it('doctor on a machine without anything: says what is missing and how to get it', async () => {
  const cwd = await temporaryFolder();
  const environment = { XDG_CACHE_HOME: join(cwd, 'cache'), PATH: cwd };
  const { code, stdout } = await runCommand(['doctor'], { cwd, environment });
  expect(code).toBe(0);
  expect(stdout).toMatch(/problem +pip +not found — install it .*python3-pip/);
  expect(stdout).toMatch(/warning +TensorFlow runtime +not installed — run "mnist runtime install"/);
  expect(stdout).toMatch(/ok +backend wasm/);
});

it('runtime remove asks, and refuses where nobody can answer', async () => {
  const cwd = await temporaryFolder();
  const { code, stderr } = await runCommand(['runtime', 'remove'], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain('add --yes');
});

it('exit codes are those of the contract', () => {
  const codes = new Set<number>(Object.values(errorKinds).map(({ exitCode }) => exitCode));
  expect([...codes].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 129, 130, 143]);
});
