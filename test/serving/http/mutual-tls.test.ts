import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it, onTestFinished } from 'vitest';

import { temporaryFolder } from '../../support/folders.js';
import { unreadyServer } from '../../support/unready-server.js';

const run = promisify(execFile);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

interface Certified {
  cert: Buffer;
  key: Buffer;
}

async function selfSigned(): Promise<Certified> {
  const folder = await temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, '-days', '1', ...names]);
  return { cert: await readFile(cert), key: await readFile(key) };
}

function statusOf(url: string, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v2/health/live`, { agent: false, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}

it.skipIf(!hasOpenssl)('with mutual TLS, clients need a certificate of the authority', async () => {
  const [server, client, stranger] = await Promise.all([selfSigned(), selfSigned(), selfSigned()]);
  const { url, stop } = await unreadyServer({ tls: { ...server, ca: client.cert } });
  onTestFinished(async () => {
    await stop();
  });
  const ca = server.cert;
  expect(await statusOf(url, { ca, ...client })).toBe(200);
  await expect(statusOf(url, { ca })).rejects.toThrow();
  await expect(statusOf(url, { ca, ...stranger })).rejects.toThrow();
});
