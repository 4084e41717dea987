import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { temporaryFolder } from '../support/folders.js';
import { CHECKOUT, npm, packedPackage, typescriptOf } from '../support/installed.js';

/** A program's package.json as docs/tfjs-node.md has it, with packages that are made for tfjs-node or get faster by it. */
const MANIFEST = {
  private: true,
  dependencies: {
    '@tensorflow/tfjs': '4.22.0',
    '@tensorflow/tfjs-node': 'file:node_modules/mnist-train/tfjs-node',
    '@vladmandic/face-api': '1.7.15',
    buffer: '6.0.3',
    nsfwjs: '4.4.0',
    'uses-tfjs-node': 'file:uses-tfjs-node.tgz',
  },
  overrides: { '@tensorflow/tfjs-node': '$@tensorflow/tfjs-node' },
};

/**
 * Finds faces in two pictures that face-api brings, with its networks of least work; on each backend in turn, since loading
 * the packages takes longer than the networks.
 */
const FACES = `
  const { readFileSync } = require('node:fs');
  const { dirname, join } = require('node:path');
  const faceapi = require('@vladmandic/face-api');
  const { tf } = faceapi;
  const folder = dirname(require.resolve('@vladmandic/face-api/package.json'));
  const pictures = ['sample1.jpg', 'sample5.jpg'].map((name) => {
    const picture = tf.node.decodeImage(readFileSync(join(folder, 'demo', name)), 3);
    const small = tf.image.resizeBilinear(picture, [320, 480]).toInt();
    return [small.dataSync(), small.shape];
  });
  const detector = new faceapi.TinyFaceDetectorOptions({ inputSize: 224 });
  const facesIn = async (pixels, shape) => {
    const picture = tf.tensor3d(pixels, shape, 'int32');
    const faces = await faceapi.detectAllFaces(picture, detector).withFaceLandmarks(true).withAgeAndGender();
    return faces.map(({ detection: { score, box }, landmarks, age, gender }) => ({
      gender,
      numbers: [score * 1000, box.x, box.y, box.width, box.height, age, landmarks.getNose()[0].x],
    }));
  };
  (async () => {
    for (const net of ['tinyFaceDetector', 'faceLandmark68TinyNet', 'ageGenderNet']) {
      await faceapi.nets[net].loadFromDisk(join(folder, 'model'));
    }
    const found = {};
    for (const backend of ['tensorflow', 'cpu']) {
      await tf.setBackend(backend);
      const faces = [];
      for (const [pixels, shape] of pictures) faces.push(...(await facesIn(pixels, shape)));
      found[tf.getBackend()] = faces;
    }
    console.log(JSON.stringify(found));
  })();`;

/**
 * Classifies a picture with a network that nsfwjs brings. It is imported: with require, its compiler's helper copies the
 * weights, a text of megabytes, letter by letter.
 */
const PICTURES = `
  import { readFileSync } from 'node:fs';
  import { createRequire } from 'node:module';
  import { dirname, join } from 'node:path';
  import * as tf from '@tensorflow/tfjs-node';
  import * as nsfw from 'nsfwjs';
  const folder = dirname(createRequire(join(process.cwd(), 'program.js')).resolve('@vladmandic/face-api/package.json'));
  const picture = tf.node.decodeImage(readFileSync(join(folder, 'demo', 'sample1.jpg')), 3);
  const small = tf.image.resizeBilinear(picture, [224, 224]).toInt();
  const [pixels, shape] = [small.dataSync(), small.shape];
  const model = await nsfw.load('MobileNetV2');
  const found = {};
  for (const backend of ['tensorflow', 'cpu']) {
    await tf.setBackend(backend);
    const classes = await model.classify(tf.tensor3d(pixels, shape, 'int32'), 5);
    found[tf.getBackend()] = classes.map(({ className, probability }) => ({ className, probability }));
  }
  console.log(JSON.stringify(found));`;

const QUICK = `
  const image = tf.tensor3d([0, 128, 255], [1, 1, 3], 'int32');
  tf.node.encodePng(image).then((png) => {
    console.log(tf.getBackend(), typeof tf.layers.dense, tf.version['tfjs-node'], [...tf.node.decodePng(png).dataSync()].join());
  });`;
const QUICK_ANSWER = 'tensorflow function 4.22.0 0,128,255\n';

/** A program's folder, with everything installed from npm's registry, and ours packed. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-tfjs-node-'));
  await packUser();
  await cp(await packedPackage(), join(folder, 'mnist-train.tgz'));
  const dependencies = { ...MANIFEST.dependencies, 'mnist-train': 'file:mnist-train.tgz' };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...MANIFEST, dependencies }));
  await npm(['install', '--silent', '--ignore-scripts', '--prefer-offline'], folder);
  return () => rm(folder, { recursive: true, force: true });
}, 600_000);

/** A package that depends on tfjs-node, as many do. */
async function packUser(): Promise<void> {
  const source = join(folder, 'source');
  await mkdir(source);
  const manifest = {
    name: 'uses-tfjs-node',
    version: '1.0.0',
    dependencies: { '@tensorflow/tfjs-node': '^4.0.0' },
  };
  await writeFile(join(source, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(source, 'index.js'), `exports.tf = require('@tensorflow/tfjs-node');`);
  await npm(['pack', '--silent', '--pack-destination', folder], source);
  await cp(join(folder, 'uses-tfjs-node-1.0.0.tgz'), join(folder, 'uses-tfjs-node.tgz'));
}

function run(program: string, words: readonly string[] = [], options: readonly string[] = []): string {
  return execFileSync(process.execPath, [...options, '-e', program, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** What a program prints in its last line, by backend; packages print lines of their own. */
function figures<Figure>(
  program: string,
  type: 'commonjs' | 'module',
): { tensorflow: Figure[]; cpu: Figure[] } {
  const line = run(program, [], [`--input-type=${type}`])
    .trimEnd()
    .split('\n')
    .at(-1)!;
  const found = JSON.parse(line) as { tensorflow: Figure[]; cpu: Figure[] };
  expect(Object.keys(found)).toEqual(['tensorflow', 'cpu']);
  return found;
}

describe('the drop-in for @tensorflow/tfjs-node', () => {
  it.each([
    ['require', `const tf = require('@tensorflow/tfjs-node');${QUICK}`, 'commonjs'],
    ['the package of another', `const { tf } = require('uses-tfjs-node');${QUICK}`, 'commonjs'],
    ['import', `import * as tf from '@tensorflow/tfjs-node';${QUICK}`, 'module'],
    ['its default', `import tf from '@tensorflow/tfjs-node';${QUICK}`, 'module'],
    [
      'names',
      `import { node, tensor3d, getBackend, layers, version } from 'mnist-train/tfjs-node'; const tf = { node, tensor3d, getBackend, layers, version };${QUICK}`,
      'module',
    ],
  ])('is had by %s', (_, program, type) => {
    expect(run(program, [], [`--input-type=${type}`])).toBe(QUICK_ANSWER);
  });

  it('stands for the package where nothing is installed for it', () => {
    const program = `const tf = require('@tensorflow/tfjs-node-gpu');${QUICK}`;
    expect(run(program, [], ['--require', 'mnist-train/tfjs-node/register'])).toBe(QUICK_ANSWER);
  });

  it('has face-api find the faces that tfjs’s own backend finds', { timeout: 600_000 }, () => {
    interface Face {
      gender: string;
      numbers: number[];
    }
    const { tensorflow: found, cpu: expected } = figures<Face>(FACES, 'commonjs');
    expect(found.length).toBeGreaterThan(1);
    expect(found.map(({ gender }) => gender)).toEqual(expected.map(({ gender }) => gender));
    found.forEach(({ numbers }, face) => {
      numbers.forEach((value, index) => {
        expect(value).toBeCloseTo(expected[face]!.numbers[index]!, 1);
      });
    });
  });

  it('has nsfwjs classify as tfjs’s own backend does', { timeout: 300_000 }, () => {
    interface Class {
      className: string;
      probability: number;
    }
    const { tensorflow: found, cpu: expected } = figures<Class>(PICTURES, 'module');
    expect(found).toHaveLength(5);
    expect(found.map(({ className }) => className)).toEqual(expected.map(({ className }) => className));
    found.forEach(({ probability }, index) => {
      expect(probability).toBeCloseTo(expected[index]!.probability, 4);
    });
  });

  it('is typed', { timeout: 300_000 }, async () => {
    const program = `
      import * as tf from '@tensorflow/tfjs-node';
      const image: tf.Tensor3D | tf.Tensor4D = tf.node.decodeImage(new Uint8Array());
      export const model: Promise<tf.InferenceModel> = tf.node.loadSavedModel('model', ['serve'], 'serving_default');
      export const names: string[] = [tf.version['tfjs-node'], ...image.shape.map(String)];
      tf.node.summaryFileWriter('logs').scalar('loss', 0.5, 1);
      tf.sequential().fit(image, image, { callbacks: tf.node.tensorBoard('logs', { updateFreq: 'batch' }) });
      // @ts-expect-error no such option
      tf.node.tensorBoard('logs', { updateFreq: 'never' });`;
    await writeFile(join(folder, 'program.mts'), program);
    await writeFile(join(folder, 'program.cts'), program);
    const compilerOptions = {
      ...{ strict: true, skipLibCheck: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'] },
      ...{ module: 'nodenext', types: [] },
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.mts', 'program.cts'] }),
    );
    const compiler = await typescriptOf('5.9');
    expect(spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  });
});

describe('without what it needs', () => {
  const requireIn = (cwd: string, env: NodeJS.ProcessEnv, program: string): string =>
    spawnSync(process.execPath, ['-e', program], { cwd, encoding: 'utf8', env: { ...process.env, ...env } })
      .stdout;

  it('names @tensorflow/tfjs', async () => {
    const empty = await temporaryFolder();
    const place = join(empty, 'node_modules', 'mnist-train');
    for (const name of ['dist', 'tfjs-node', 'package.json']) {
      await cp(join(CHECKOUT, name), join(place, name), { recursive: true });
    }
    const program = `try { require('mnist-train/tfjs-node') } catch (error) { console.log(error.message, '|', error.hint) }`;
    expect(requireIn(empty, {}, program)).toBe(
      'mnist-train/tfjs-node needs @tensorflow/tfjs, which is not installed | npm install @tensorflow/tfjs@4.22.0\n',
    );
  });

  it('is loaded, and says with the first tensor that there is no TensorFlow', async () => {
    const empty = await temporaryFolder();
    const program = `
      const tf = require('@tensorflow/tfjs-node');
      try { tf.tensor1d([1]).add(1) } catch (error) { console.log(error.code, error.message, '|', error.hint) }`;
    expect(requireIn(folder, { XDG_CACHE_HOME: empty, PATH: '' }, program)).toBe(
      'RUNTIME_MISSING no TensorFlow runtime: none is installed | ' +
        'run "npx mnist runtime install" once, or name a folder with TensorFlow in MNIST_TENSORFLOW\n',
    );
    expect(requireIn(folder, { MNIST_TENSORFLOW: empty }, program)).toContain(
      `RUNTIME_MISSING no TensorFlow runtime: ${empty}: not a usable TensorFlow runtime (`,
    );
  });
});
