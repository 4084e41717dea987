// Bundles the kernels of tfjs-node-gpu into vendor/tensorflow-kernels.cjs. Why it is done this way: vendor/README.md.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { vendored } = JSON.parse(readFileSync(join(root, 'vendor', 'package.json'), 'utf8'));
const bundle = join(root, 'vendor', 'tensorflow-kernels.cjs');
const banner = `// ${vendored.name}@${vendored.version}, bundled by scripts/vendor-kernels.mjs. Copyright Google LLC, Apache-2.0.`;

/** Fetches the package's archive without running anything of it, and checks it against the pinned SHA-512. */
function fetchPackage(work) {
  const npm = process.env.npm_execpath;
  const [command, first] = npm
    ? [process.execPath, [npm]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  const spec = `${vendored.name}@${vendored.version}`;
  execFileSync(
    command,
    [...first, 'pack', spec, '--ignore-scripts', '--silent', '--pack-destination', work],
    {
      cwd: work,
      stdio: ['ignore', 'ignore', 'inherit'],
      // npm sets this for its scripts; a nested npm would take it for its own prefix and look for a package there.
      env: { ...process.env, npm_config_local_prefix: undefined, npm_config_dry_run: 'false' },
    },
  );
  const archive = join(
    work,
    readdirSync(work).find((name) => name.endsWith('.tgz')),
  );
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== vendored.integrity) {
    throw new Error(`${spec}: the archive's hash is ${integrity}, but ${vendored.integrity} is pinned`);
  }
  return archive;
}

async function unpack(archive, work) {
  const tar = await import('tar');
  await tar.extract({ file: archive, cwd: work, filter: (path) => path.startsWith('package/dist/') });
}

/** What the package requires and this project has no use for, or Node no longer has. */
const replaceModules = {
  name: 'replace-modules',
  setup(build) {
    const contents = {
      // Node 23 removed these two functions, which the package still calls.
      util: 'exports.isNullOrUndefined = (value) => value == null; exports.isArray = Array.isArray;',
      // TensorBoard's messages, which only the package's summary writer needs.
      './proto/api_pb': '',
    };
    build.onResolve({ filter: /^(util|\.\/proto\/api_pb)$/ }, ({ path }) => ({
      path,
      namespace: 'replaced',
    }));
    build.onLoad({ filter: /.*/, namespace: 'replaced' }, ({ path }) => ({
      contents: contents[path],
      loader: 'js',
    }));
  },
};

async function bundleKernels(work) {
  const { build } = await import('esbuild');
  const dist = join(work, 'package', 'dist');
  const entry = join(work, 'entry.cjs');
  writeFileSync(
    entry,
    `require(${JSON.stringify(join(dist, 'register_all_kernels.js'))});
     exports.NodeJSKernelBackend = require(${JSON.stringify(join(dist, 'nodejs_kernel_backend.js'))}).NodeJSKernelBackend;`,
  );
  await build({
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@tensorflow/tfjs-core'],
    // Everything the kernels take from the union package is part of tfjs-core.
    alias: { '@tensorflow/tfjs': '@tensorflow/tfjs-core' },
    plugins: [replaceModules],
    banner: { js: banner },
    logLevel: 'warning',
  });
}

if (!existsSync(bundle) || !readFileSync(bundle, 'utf8').startsWith(banner)) {
  const work = mkdtempSync(join(tmpdir(), 'mnist-train-kernels-'));
  try {
    await unpack(fetchPackage(work), work);
    await bundleKernels(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
