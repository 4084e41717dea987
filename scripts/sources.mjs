// Says what dist/ was built from, so that it is not built twice from the same: `npm ci` builds, and `npm test` comes next.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const inRoot = (path) => fileURLToPath(new URL(path, root));

/** What the build reads: node_modules is as the lockfile says. */
const FOLDERS = ['src', 'scripts'];
const FILES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vendor/package.json',
];
/** What it makes beside dist/. */
const MADE = [
  'tensorflow-kernels',
  'tfjs-backend-cpu',
  'tfjs-backend-wasm',
  'tfjs-converter',
  'tfjs-gradients',
].map((name) => `vendor/${name}.cjs`);
const RECORD = 'dist/.sources';

function hashOfSources() {
  const hash = createHash('sha256');
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(inRoot('.').length)),
  );
  for (const path of [...inFolders.sort(), ...FILES]) {
    const bytes = readFileSync(inRoot(path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** To be called when everything is built. */
export function recordSources() {
  writeFileSync(inRoot(RECORD), hashOfSources());
}

/** Whether everything is built, from the sources as they are now. */
export function isBuilt() {
  const isThere = [RECORD, 'tfjs-node/index.d.ts', 'vendor/mnist', ...MADE].every((path) =>
    existsSync(inRoot(path)),
  );
  return isThere && readFileSync(inRoot(RECORD), 'utf8') === hashOfSources();
}
