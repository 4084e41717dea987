// npm runs this after `npm ci` in a clone and before `npm pack`: it builds, where the tools for it are installed.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const missing = ['typescript', 'esbuild', 'tar'].filter((name) => {
  try {
    require.resolve(`${name}/package.json`);
    return false;
  } catch {
    return true;
  }
});

if (missing.length > 0) {
  console.warn(
    `mnist-train: not built, for want of ${missing.join(', ')} (installed without development dependencies?)`,
  );
} else {
  for (const script of ['vendor-kernels.mjs', 'vendor-gradients.mjs', 'build.mjs']) {
    execFileSync(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], { stdio: 'inherit' });
  }
}
