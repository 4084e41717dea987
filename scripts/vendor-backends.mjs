// Bundles parts of TensorFlow.js into vendor/: the backends in JavaScript and WebAssembly, and the loader of graph models. Their packages
// bring 51 MB, of which 3 MB are used.
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const vendor = fileURLToPath(new URL('../vendor', import.meta.url));

for (const [name, exported] of [
  ['tfjs-backend-cpu', 'version_cpu'],
  ['tfjs-backend-wasm', 'setWasmPaths, version_wasm'],
  ['tfjs-converter', 'loadGraphModel'],
]) {
  const { version } = require(`@tensorflow/${name}/package.json`);
  await build({
    stdin: { contents: `export { ${exported} } from '@tensorflow/${name}';`, resolveDir: vendor },
    outfile: join(vendor, `${name}.cjs`),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@tensorflow/tfjs-core'],
    legalComments: 'none',
    banner: {
      js: `// @tensorflow/${name}@${version}, bundled by scripts/vendor-backends.mjs. Copyright Google LLC, Apache-2.0.`,
    },
    logLevel: 'warning',
  });
}

const binaries = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
for (const kind of ['', '-simd', '-threaded-simd']) {
  const file = `tfjs-backend-wasm${kind}.wasm`;
  copyFileSync(join(binaries, file), join(vendor, file));
}
