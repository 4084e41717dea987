// Installs the peers of the race, PyTorch and Python TensorFlow, into bench/peers, which git ignores. Nothing else needs them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const inBench = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.PYTHON ?? 'python3';
const run = (program, words) => execFileSync(program, words, { stdio: 'inherit' });

console.error('installing the peers into bench/peers: about 7 GB, several minutes');
run(python, ['-m', 'venv', inBench('peers')]);
run(inBench('peers/bin/pip'), [
  'install',
  '--no-cache-dir',
  '--quiet',
  '--requirement',
  inBench('requirements.txt'),
]);
