import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../support/folders.js';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of an installed package. */
function packageFolder(name: string): string {
  return join(CHECKOUT, 'node_modules', name);
}

/** A project of somebody else: this package is installed in it, and a copy of tfjs-core of its own, as npm does it. */
async function project({ version }: { version?: string } = {}): Promise<string> {
  const folder = await temporaryFolder();
  const modules = join(folder, 'node_modules');
  const core = join(modules, '@tensorflow', 'tfjs-core');
  await mkdir(join(core, 'dist'), { recursive: true });
  await symlink(CHECKOUT, join(modules, 'mnist-train'));
  for (const name of ['long', 'seedrandom', 'node-fetch']) {
    await symlink(packageFolder(name), join(modules, name));
  }
  const original = packageFolder('@tensorflow/tfjs-core');
  await cp(join(original, 'dist', 'tf-core.node.js'), join(core, 'dist', 'tf-core.node.js'));
  const manifest = JSON.parse(await readFile(join(original, 'package.json'), 'utf8')) as object;
  await writeFile(
    join(core, 'package.json'),
    JSON.stringify({ ...manifest, ...(version !== undefined && { version }) }),
  );
  return folder;
}

/** Runs a program of a project, as an ES module or by CommonJS; its imports are of these modules, by these names. */
async function run(
  kind: 'esm' | 'cjs',
  folder: string,
  modules: Readonly<Record<string, string>>,
  body: string,
): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const lines = Object.entries(modules).map(([name, module]) =>
    kind === 'esm' ? `import * as ${name} from '${module}';` : `const ${name} = require('${module}');`,
  );
  const file = join(folder, kind === 'esm' ? 'program.mjs' : 'program.cjs');
  await writeFile(file, `${lines.join('\n')}\n(async () => {\n${body}\n})();\n`);
  return spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
}

const TF = { tf: '@tensorflow/tfjs-core', mnist: 'mnist-train/tensorflow' };

describe.each(['esm', 'cjs'] as const)('mnist-train/tensorflow, by %s', (kind) => {
  it('starts nothing when it is loaded, and prints nothing', async () => {
    const folder = await project();
    const body = `
      const { sharedObjects } = process.report.getReport();
      const loaded = sharedObjects.filter((path) => /libtensorflow|koffi/.test(path));
      console.log(JSON.stringify({ loaded, engine: typeof globalThis._tfengine, names: Object.keys(mnist) }));`;
    const { stdout, stderr, status } = await run(kind, folder, { mnist: TF.mnist }, body);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(JSON.parse(stdout)).toEqual({
      loaded: [],
      engine: 'undefined',
      names: expect.arrayContaining([
        'ToolkitError',
        'findRuntime',
        'installRuntime',
        'useTensorFlow',
      ]) as string[],
    });
  });

  it('serves the copy of tfjs-core that the program has, which is another than its own', async () => {
    const folder = await project();
    const { stdout, stderr, status } = await run(
      kind,
      folder,
      TF,
      `
      const { version, device, threads } = await mnist.useTensorFlow({ device: 'cpu', threads: 1 });
      const copies = Object.keys(process.getBuiltinModule('node:module')._cache).filter((path) => /tf-core\\.node/.test(path));
      const x = tf.variable(tf.tensor1d([3, -2]));
      const before = tf.memory().numTensors;
      const optimizer = tf.train.sgd(0.25);
      for (let step = 0; step < 2; step++) optimizer.minimize(() => tf.sum(tf.square(x)));
      const result = {
        backend: tf.getBackend(), version, device, threads, copies: copies.length,
        product: [...tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()],
        x: [...x.dataSync()],
        text: tf.tensor1d([1.5]).toString(),
      };
      console.log(JSON.stringify(result));`,
    );
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ backend: 'tensorflow', device: 'CPU', threads: 1, copies: 2 },
      ...{ product: [11], x: [0.75, -0.5], text: 'Tensor\n    [1.5]' },
    });
  });

  it('refuses a TensorFlow.js of another major version', async () => {
    const folder = await project({ version: '3.21.0' });
    const body = `await mnist.useTensorFlow().catch(({ code, message, hint }) => console.log(code, message, hint));`;
    const { stdout } = await run(kind, folder, TF, body);
    expect(stdout).toContain('BACKEND_UNAVAILABLE');
    expect(stdout).toContain('version 3.21.0 is loaded');
    expect(stdout).toContain('@tensorflow/tfjs@4');
  });
});

it('refuses to stand beside another backend of its name', async () => {
  const body = `
    tf.registerBackend('tensorflow', () => { throw new Error('not to be started'); });
    await mnist.useTensorFlow().catch(({ code, hint }) => console.log(code, hint));`;
  const { stdout } = await run('esm', await project(), TF, body);
  expect(stdout).toContain('BACKEND_UNAVAILABLE');
  expect(stdout).toContain('@tensorflow/tfjs-node');
});

it('works beside other libraries that the program calls with koffi, if their calls have the stack for it', async () => {
  const folder = await project();
  await symlink(packageFolder('koffi'), join(folder, 'node_modules', 'koffi'));
  const modules = { koffi: 'koffi', mnist: TF.mnist };
  const library = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
  const body = `
    koffi.load('${library}');
    const tell = ({ device, code, hint }) => console.log(device ?? code, hint ?? '');
    await mnist.useTensorFlow({ device: 'cpu' }).then(tell, tell);`;
  const refused = await run('cjs', folder, modules, body);
  expect(refused.stdout).toContain('BACKEND_UNAVAILABLE start TensorFlow first, or call koffi.config');
  const { stdout } = await run('cjs', folder, modules, `koffi.config({ async_stack_size: 8 << 20 });${body}`);
  expect(stdout.trim()).toBe('CPU');
});

it('works in worker threads, beside the main one', { timeout: 120_000 }, async () => {
  const body = `
    const { Worker, isMainThread } = process.getBuiltinModule('node:worker_threads');
    await mnist.useTensorFlow({ device: 'cpu', threads: 1 });
    console.log(isMainThread, [...tf.add(tf.tensor1d([1]), 2).dataSync()].join());
    if (!isMainThread) return;
    await new Promise((resolve) => new Worker(process.argv[1]).once('exit', resolve));
    console.log('main', [...tf.add(tf.tensor1d([2]), 3).dataSync()].join());`;
  const { stdout, stderr, status } = await run('esm', await project(), TF, body);
  expect({ stdout, stderr, status }).toEqual({ stdout: 'true 3\nfalse 3\nmain 5\n', stderr: '', status: 0 });
});
