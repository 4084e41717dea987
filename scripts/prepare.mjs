// npm runs this after `npm ci` in a clone and before `npm pack`: it builds, where the tools for it are installed.
import { createRequire } from 'node:module';

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
  await import('./vendor.mjs');
  await import('./build.mjs');
}
