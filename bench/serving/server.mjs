// Starts `mnist serve` as its users do, and asks it for its metrics.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/mnist.js', import.meta.url));

/** Starts a server on a free port; fulfilled when it listens. The token is for its metrics, where they need one. */
export async function startServer(words, cwd, token) {
  const started = performance.now();
  const child = spawn(process.execPath, [LAUNCHER, 'serve', ...words, '--port', '0', '--json'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const line = output
        .split('\n')
        .find((candidate) => candidate.includes('"listening"') && candidate.endsWith('}'));
      if (line) resolve(JSON.parse(line).url);
    });
    void ended.then(() => reject(new Error(errors)));
  });
  const port = Number(new URL(url).port);
  return {
    url,
    port,
    pid: child.pid,
    listeningAfter: (performance.now() - started) / 1000,
    started,
    metrics: async () => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return parseMetrics(await (await fetch(`${url}/metrics`, { headers })).text());
    },
    errors: () => errors,
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function parseMetrics(text) {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** Resident memory of a process, in MiB. */
export async function residentMiB(pid) {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024);
}
