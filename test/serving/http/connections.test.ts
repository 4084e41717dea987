import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it, onTestFinished } from 'vitest';

import { temporaryFolder } from '../../support/folders.js';
import { unreadyServer } from '../../support/unready-server.js';

const run = promisify(execFile);
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);

async function selfSigned(): Promise<{ cert: Buffer; key: Buffer }> {
  const folder = await temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-days', '1', '-subj', '/CN=localhost'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ]);
  return { cert: await readFile(cert), key: await readFile(key) };
}

/** Sends bytes and nothing more; returns what came back when the server has closed the connection. */
async function begin(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(Buffer.from(bytes, 'latin1'));
  await once(socket, 'close');
  return received;
}

// The test ends where the server closes each connection; it would wait in vain otherwise.
describe('a connection that stands still is closed', { timeout: 30_000 }, () => {
  it('before or within the headers', async () => {
    const { url, stop } = await unreadyServer();
    onTestFinished(async () => {
      await stop();
    });
    const [silent, started] = await Promise.all([
      begin(url, ''),
      begin(url, 'GET / HTTP/1.1\r\nhost: x\r\n'),
    ]);
    for (const received of [silent, started]) expect(received).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it.skipIf(!hasOpenssl)('within a TLS handshake', async () => {
    const { url, stop } = await unreadyServer({ tls: await selfSigned() });
    onTestFinished(async () => {
      await stop();
    });
    expect(url).toMatch(/^https:/);
    expect(await Promise.all([begin(url, '\x16\x03\x01'), begin(url, '')])).toEqual(['', '']);
  });

  it('once it is idle for long, though its request is not answered', async () => {
    const { url, stop } = await unreadyServer({ idleTimeoutMs: 500 });
    onTestFinished(async () => {
      await stop();
    });
    const head = 'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n';
    expect(await begin(url, head)).toBe('');
  });
});
