// Requests that are broken: each is to be answered with a status from 400 to 499 and a JSON error.
import { randomBytes } from 'node:crypto';

import { requestBytes } from './client.mjs';

/** A builder for each kind of malformed request; `more` are headers that all have, such as a token. */
export function malformedRequests(more = {}) {
  const headers = { connection: 'close', ...more };
  const json = { 'content-type': 'application/json', ...headers };
  const png = { 'content-type': 'image/png', ...headers };
  const lines = Object.entries(more).map(([name, value]) => `${name}: ${value}\r\n`);
  const raw = (text) => () =>
    Buffer.from(text.replace('host: 127.0.0.1\r\n', `host: 127.0.0.1\r\n${lines.join('')}`));
  const infer = (body, own = json) => requestBytes('POST', '/v2/models/mnist/infer', own, Buffer.from(body));
  const tensor = (changes) =>
    infer(
      JSON.stringify({
        inputs: [
          { name: 'images', datatype: 'UINT8', shape: [1, 784], data: Array(784).fill(0), ...changes },
        ],
      }),
    );
  const send = (method, path, own, body = '') => requestBytes(method, path, own, Buffer.from(body, 'latin1'));
  return [
    () => infer(randomBytes(200)),
    () => infer('{"inputs":'),
    () => infer('[]'),
    () => infer(''),
    () => tensor({ shape: [1, 783] }),
    () => tensor({ shape: [-1, 784] }),
    () => tensor({ shape: [1e9, 784] }),
    () => tensor({ data: [null] }),
    () => tensor({ data: Array(784).fill(1e9) }),
    () => tensor({ datatype: 'BYTES' }),
    () => tensor({ name: '__proto__' }),
    () => infer('{}', { ...json, 'inference-header-content-length': '999999' }),
    () => infer('{}', { ...json, 'inference-header-content-length': '-1' }),
    () => infer(`{"inputs":${'['.repeat(20_000)}`),
    () => infer(Buffer.alloc(300_000)),
    () => requestBytes('POST', '/classify', png, randomBytes(500)),
    () => send('POST', '/classify', png, '\x89PNG\r\n\x1a\n'),
    () => send('POST', '/feedback', json, '{"id":"x","label":"nine"}'),
    () => send('POST', '/feedback', json, '{"id":"../../etc/passwd","label":1}'),
    () => send('PUT', '/traffic', json, '{"canary":101}'),
    () => send('GET', '/v2/models/..%2f..%2fetc%2fpasswd', headers),
    () => send('GET', '/docs/static/..%2f..%2fpackage.json', headers),
    () => send('BREW', '/v2', headers),
    () => Buffer.concat([randomBytes(40), Buffer.from('\r\n\r\n')]),
    () => Buffer.from('GET /v2 HTTP/1.1\r\n\r\n'),
    raw(`GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
    raw(
      'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
    raw(
      'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 999999999\r\nconnection: close\r\n\r\nx',
    ),
  ];
}
