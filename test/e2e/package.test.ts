import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, it } from 'vitest';

import { QUICK, runCommand } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { CHECKOUT, nodeOf, npm, packedPackage, typescriptOf } from '../support/installed.js';

/** Where a program finds names such as AbortSignal. */
const GLOBALS = {
  browser: { lib: ['es2023', 'dom'], types: [] },
  node: { lib: ['es2023'], types: ['node'], typeRoots: [join(CHECKOUT, 'node_modules', '@types')] },
};

/** Most of what the library has, used as its types allow. */
const PROGRAM = `
  import { calibrate, deploy, evaluate, explain, predict, search, serve, train, ToolkitError } from 'mnist-train';
  const picture = { name: 'seven.png', read: () => Promise.resolve(new Uint8Array()) };
  const { run, test } = await train({ epochs: 3, seed: 7, model: 'cnn', filters: [8, 16], momentum: 0.9 });
  await train({ model: 'stack', layers: [{ type: 'flatten' }, { type: 'dense', units: 100 }] });
  await search({ search: { trials: 3, space: { optimizer: ['adam', 'sgd'] } } });
  const { accuracy, confusion } = await evaluate(run, { split: 'test' });
  const rows: readonly (readonly number[])[] = confusion;
  await calibrate(run, { targetAccuracy: 0.99 });
  await deploy(run, { to: 'onnx' });
  await explain(run, [picture], { method: 'occlusion', patch: 3 });
  const { predictions } = await predict(run, [picture], {}, { emit: (event) => void event.event });
  await (await serve(run, { port: 0 })).stop();
  export const figures: number[] = [test.accuracy, accuracy, rows.length, predictions.length];
  export const isOurs = (error: unknown): boolean => error instanceof ToolkitError && error.code === 'USAGE';`;

/** The entry for programs that have a TensorFlow.js of their own. */
const TENSORFLOW_PROGRAM = `
  import { installRuntime, useTensorFlow, type RuntimeEvent } from 'mnist-train/tensorflow';
  const onProgress = (event: RuntimeEvent): void => void (event.event === 'progress' && event.total);
  const { device, warnings } = await useTensorFlow({ device: 'cpu', threads: 2, mixedPrecision: false, onProgress });
  const { folder } = await installRuntime({ variant: 'cuda', signal: new AbortController().signal });
  export const texts: string[] = [device, folder, ...warnings.map(({ code }) => code)];`;

/** The entry for compiled steps, whose types are those of the caller's own tensors and models. */
const COMPILE_PROGRAM = `
  import { compile, compileModel, RandomStream } from 'mnist-train/compile';
  interface Tensor { readonly shape: number[] }
  interface Model {
    compile(settings: { optimizer: string; loss: string }): void;
    fit(x: Tensor, y: Tensor): Promise<{ epoch: number[] }>;
    evaluate(x: Tensor, y: Tensor): Tensor;
    predict(x: Tensor): Tensor;
  }
  declare const model: Model;
  const random = new RandomStream<Tensor>(7);
  const step = compile((x: Tensor) => ({ noisy: random.dropout(x, 0.5) }), { programs: 2 });
  const { noisy } = step(random.normal([2]));
  const { fit, predict } = compileModel(model, { optimizer: 'adam', loss: 'meanSquaredError', seed: 3 });
  export const epochs: number[] = (await fit(noisy, predict(noisy))).epoch;`;

/** Where the packed package was installed by a person who has nothing but Node.js and npm, and what npm told them. */
let folder: string;
let installationOutput: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-package-'));
  await npm(['init', '--yes'], folder);
  installationOutput = await npm(['install', await packedPackage()], folder);
  return () => rm(folder, { recursive: true, force: true });
}, 300_000);

describe('npm pack, installed elsewhere', () => {
  it('installs without a word about engines or anything outdated', () => {
    expect(installationOutput).toContain('added ');
    expect(installationOutput).not.toMatch(/EBADENGINE|deprecated/);
  });

  it('trains by its three names', { timeout: 300_000 }, () => {
    const installed = join(folder, 'node_modules', 'mnist-train');
    expect(existsSync(join(installed, 'src'))).toBe(false);
    expect(existsSync(join(installed, 'vendor', 'tensorflow-kernels.cjs'))).toBe(true);
    const run = (name: string, ...words: string[]): string =>
      execFileSync(join(folder, 'node_modules', '.bin', name), words, {
        cwd: folder,
        env: { ...process.env, MNIST_DATA_DIR: inject('smallDataDir') },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    expect(run('mnist-train', '--epochs', '1', '--run', 'packed', '--quiet', ...QUICK)).toMatch(
      /^test +\d\d\.\d\d %/,
    );
    expect(run('mnist-eval', 'packed', '--quiet')).toContain('packed on the test images of mnist (2,000)');
    expect(run('mnist', 'runs')).toContain('packed');
  });

  it.each([
    ['import', 'module', (names: string, from: string) => `import ${names} from '${from}';`],
    ['require', 'commonjs', (names: string, from: string) => `const ${names} = require('${from}');`],
  ])('can be had with %s', (_, type, load) => {
    const lines = [
      load('{ train, version }', 'mnist-train'),
      load('{ useTensorFlow }', 'mnist-train/tensorflow'),
      load('{ compile }', 'mnist-train/compile'),
    ];
    const script = `${lines.join(' ')} console.log(typeof train, typeof useTensorFlow, typeof compile, version);`;
    const words = ['--disable-warning=ExperimentalWarning', `--input-type=${type}`, '-e', script];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
    expect(printed).toMatch(/^function function function \d+\.\d+\.\d+\n$/);
  });

  describe.each([
    ['5.9', 'node'],
    ['6', 'browser'],
  ] as const)('in strict TypeScript %s, without skipLibCheck', (version, globals) => {
    /** What the compiler says of each program, by its name. */
    const compile = async (
      compiler: string,
      programs: Readonly<Record<string, string>>,
    ): Promise<ReadonlyMap<string, string>> => {
      const compilerOptions = {
        ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
        ...{ target: 'es2023', module: 'nodenext', ...GLOBALS[globals] },
      };
      const names = Object.keys(programs);
      const files = names.map((name) => `${name}.mts`);
      for (const name of names) await writeFile(join(folder, `${name}.mts`), programs[name]!);
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], {
        cwd: folder,
        encoding: 'utf8',
      });
      // A complaint that belongs to no program belongs to all of them.
      const lines = stdout.split(/\n(?=\S)/);
      const ofNone = lines.filter((line) => !files.some((file) => line.startsWith(file))).join('\n');
      return new Map(
        names.map((name) => [
          name,
          [...lines.filter((line) => line.startsWith(`${name}.mts`)), ofNone].join('\n').trim(),
        ]),
      );
    };

    it(
      `compiles in a program for ${globals}, and refuses what is mistyped`,
      { timeout: 240_000 },
      async () => {
        const mistyped = [
          [`train({ epoch: 3 })`, /'epoch' does not exist in type 'TrainOptions'/],
          [`train({ epochs: 'three' })`, /'string' is not assignable to type 'number'/],
          [`train({ optimizer: 'adamm' })`, /'"adamm"' is not assignable/],
          [`evaluate('latest', { spilt: 'test' })`, /'spilt' does not exist in type 'EvaluateOptions'/],
          [`useTensorFlow({ thread: 2 })`, /'thread' does not exist in type 'UseTensorFlowOptions'/],
          [`useTensorFlow({ device: 'tpu' })`, /'"tpu"' is not assignable/],
          [`compile(() => 1, { program: 2 })`, /'program' does not exist in type 'CompileOptions'/],
        ] as const;
        const complaints = await compile(await typescriptOf(version), {
          right: PROGRAM,
          tensorflow: TENSORFLOW_PROGRAM,
          compile: COMPILE_PROGRAM,
          ...Object.fromEntries(
            mistyped.map(([call], at) => [
              `mistyped${at}`,
              `import { evaluate, train } from 'mnist-train';
                 import { compile } from 'mnist-train/compile';
                 import { useTensorFlow } from 'mnist-train/tensorflow';
                 await ${call};
                 export { compile, evaluate, train, useTensorFlow };`,
            ]),
          ),
        });
        expect(complaints.get('right')).toBe('');
        expect(complaints.get('tensorflow')).toBe('');
        expect(complaints.get('compile')).toBe('');
        for (const [at, [, complaint]] of mistyped.entries()) {
          expect(complaints.get(`mistyped${at}`)).toMatch(complaint);
        }
      },
    );
  });
});

it.each(['22', '24', '26'])('trains on Node %s', { timeout: 300_000 }, async (major) => {
  const cwd = await temporaryFolder();
  const node = await nodeOf(major);
  expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${major}\\.`));
  const { code, stderr, result } = await runCommand(['train', '--epochs', '1', '--json', ...QUICK], {
    cwd,
    node,
  });
  expect(stderr).not.toMatch(/warning|error|deprecat/i);
  expect(code).toBe(0);
  expect(result()).toMatchObject({ backend: 'tensorflow', epochs: 1 });
});
