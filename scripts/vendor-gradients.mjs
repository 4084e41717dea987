// Bundles the gradients of tfjs-core into vendor/tfjs-gradients.cjs: tfjs-core's build for Node leaves them out, and its other
// build is not in a form that Node loads. The bundle registers them with the tfjs-core that is loaded, through its globals.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const { version } = require('@tensorflow/tfjs-core/package.json');

await build({
  entryPoints: [require.resolve('@tensorflow/tfjs-core/dist/register_all_gradients.js')],
  outfile: fileURLToPath(new URL('../vendor/tfjs-gradients.cjs', import.meta.url)),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  legalComments: 'none',
  banner: {
    js: `// @tensorflow/tfjs-core@${version}, bundled by scripts/vendor-gradients.mjs. Copyright Google LLC, Apache-2.0.`,
  },
  logLevel: 'warning',
});
