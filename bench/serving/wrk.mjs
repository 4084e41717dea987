// wrk (Debian has it as a package), a client in C, sending the request that ours sends.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As wrk's scripts are in Lua: any bytes, escaped. */
const quote = (bytes) => `"${[...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;

/** Sends a request (as bytes) again and again; undefined where there is no wrk. */
export function wrk(url, request, { connections, seconds }) {
  const end = request.indexOf('\r\n\r\n');
  const [first, ...headers] = request.toString('latin1', 0, end).split('\r\n');
  const [method, path] = first.split(' ');
  const own = headers
    .map((line) => line.split(': '))
    .filter(([name]) => !/^(host|content-length)$/.test(name));
  const lines = [
    `wrk.method = "${method}"`,
    `wrk.path = "${path}"`,
    `wrk.body = ${quote(request.subarray(end + 4))}`,
    ...own.map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
    'done = function(summary, latency)',
    '  local e = summary.errors',
    `  io.write(string.format('{"requests":%d,"notGood":%d,"failures":%d,"perSecond":%d,"p50":%.2f,"p99":%.2f}', summary.requests, e.status,`,
    '    e.connect + e.read + e.write + e.timeout, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,',
    '    latency:percentile(99) / 1000))',
    'end',
  ];
  const folder = mkdtempSync(join(tmpdir(), 'mnist-wrk-'));
  const script = join(folder, 'request.lua');
  writeFileSync(script, lines.join('\n'));
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
  const { status, stdout, stderr, error } = spawnSync('wrk', words, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (error?.code === 'ENOENT') return undefined;
  if (status !== 0) throw new Error(`wrk: ${stderr}`);
  return { client: 'wrk', ...JSON.parse(/\{.*\}/.exec(stdout)[0]) };
}
