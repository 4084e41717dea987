// Requests of people who mean harm, by kinds. The weight says how often a kind comes: those of megabytes come seldom.
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { inferBytes, requestBytes } from './client.mjs';
import { malformedRequests } from './malformed-requests.mjs';
import { blankPng } from './png.mjs';

const MANY = 20;
const SEVERAL = 5;
const FEW = 1;
const INFER = '/v2/models/mnist/infer';

/**
 * All kinds: `name`, `weight`, `make` for the bytes, and `hangUpMs` for those that leave before the answer.
 *
 * @param token one that may infer, and nothing else
 */
export function hostileRequests(token) {
  const auth = { authorization: `Bearer ${token}` };
  const headers = { connection: 'close', ...auth };
  const malformed = malformedRequests(auth).map((make, index) => kind(`malformed-${index}`, MANY, make));
  return [
    ...malformed,
    ...bodies(headers),
    ...prototypeWords(headers),
    ...compressed(headers),
    ...pictures(headers),
    ...forms(headers),
    ...methodsAndPaths(headers),
    ...origins(headers),
    ...tokens(token),
    ...connections(headers),
  ];
}

const kind = (name, weight, make, hangUpMs) => ({ name, weight, make, hangUpMs });
const body = (path, headers, content, method = 'POST') =>
  requestBytes(method, path, headers, Buffer.from(content));
const withJson = (headers) => ({ 'content-type': 'application/json', ...headers });
const once = (make) => {
  let made;
  return () => (made ??= make());
};

function bodies(headers) {
  const json = withJson(headers);
  const of = (name, weight, content) =>
    kind(
      name,
      weight,
      once(() => body(INFER, json, content())),
    );
  const tensorOf = (data, shape = '[1,784]') =>
    `{"inputs":[{"name":"images","datatype":"UINT8","shape":${shape},"data":${data}}]}`;
  return [
    of('nested-arrays', MANY, () => tensorOf('['.repeat(5000) + ']'.repeat(5000))),
    of('nested-objects', MANY, () => '{"a":'.repeat(5000) + '1' + '}'.repeat(5000)),
    of('nested-2-mib', FEW, () => '['.repeat(2 ** 21)),
    of('nested-pairs-2-mib', FEW, () => tensorOf('[[],'.repeat(2 ** 19))),
    of('elements-7-mib', FEW, () => tensorOf(`[${'0,'.repeat(3_600_000)}0]`)),
    of('strings-7-mib', FEW, () => tensorOf(`[${'"",'.repeat(2_400_000)}""]`)),
    of('objects-7-mib', FEW, () => tensorOf(`[${'{},'.repeat(2_400_000)}{}]`)),
    of('keys-4-mib', FEW, () => `{${Array.from({ length: 300_000 }, (_, key) => `"k${key}":1`).join()}}`),
    of('long-number', SEVERAL, () => tensorOf(`[${'9'.repeat(200_000)}]`)),
    of('not-finite', MANY, () => tensorOf(`[${Array(784).fill('1e999').join()}]`)),
    of('huge-shape', MANY, () => tensorOf('[0]', '[9007199254740991,784]')),
    of('long-shape', SEVERAL, () => tensorOf('[0]', `[${Array(50_000).fill(1).join()}]`)),
    of('escapes', SEVERAL, () => `{"inputs":"${'\\u0000'.repeat(50_000)}"}`),
    of('not-utf8', MANY, () => Buffer.concat([Buffer.from('{"inputs":"'), Buffer.alloc(5000, 0xff)])),
    kind('binary-short', MANY, () => inferBytes(randomBytes(100), 1, headers)),
    kind(
      'binary-many',
      FEW,
      once(() => inferBytes(randomBytes(784 * 5000), 5000, headers)),
    ),
    kind('feedback-of-nobody', MANY, () => body('/feedback', json, JSON.stringify({ id: 'x', label: 1 }))),
    kind('feedback-index', MANY, () => body('/feedback', json, '{"id":"x","index":1e308,"label":1e308}')),
  ];
}

function prototypeWords(headers) {
  const json = withJson(headers);
  return ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].flatMap((word) => {
    const input = { name: 'images', datatype: 'UINT8', shape: [1, 784], data: Array(784).fill(0) };
    const tensor =
      (changes, more = {}) =>
      () =>
        body(INFER, json, JSON.stringify({ inputs: [{ ...input, ...changes }], ...more }));
    return [
      kind(`datatype-${word}`, SEVERAL, tensor({ datatype: word })),
      kind(`output-${word}`, SEVERAL, tensor({}, { outputs: [{ name: word }] })),
      kind(`label-${word}`, SEVERAL, () =>
        body('/feedback', json, JSON.stringify({ id: word, label: word })),
      ),
      kind(`model-${word}`, SEVERAL, () => body(`/v2/models/${word}/versions/${word}`, headers, '', 'GET')),
      kind(`key-${word}`, SEVERAL, () => body('/feedback', json, `{"${word}":{"id":"x"},"label":1}`)),
      kind(`encoding-${word}`, SEVERAL, () => body(INFER, { ...json, 'content-encoding': word }, '{}')),
    ];
  });
}

function compressed(headers) {
  const json = withJson(headers);
  const zeros = Buffer.alloc(64 * 2 ** 20, 0x20);
  const of = (name, weight, encoding, content) =>
    kind(
      name,
      weight,
      once(() => body(INFER, { ...json, 'content-encoding': encoding }, content())),
    );
  return [
    of('gzip-bomb', SEVERAL, 'gzip', () => gzipSync(zeros)),
    of('deflate-bomb', SEVERAL, 'deflate', () => deflateSync(zeros)),
    of('brotli-bomb', SEVERAL, 'br', () => brotliCompressSync(zeros, { params: { 1: 4 } })),
    of('gzip-twice', SEVERAL, 'gzip, gzip', () => gzipSync(gzipSync(zeros))),
    of('gzip-broken', MANY, 'gzip', () => randomBytes(300)),
    of('gzip-cut', MANY, 'gzip', () => gzipSync(Buffer.alloc(5000)).subarray(0, 30)),
    of('gzip-nested', SEVERAL, 'gzip', () => gzipSync('['.repeat(2 ** 20))),
    of('unknown-encoding', MANY, 'zip', () => '{}'),
  ];
}

function pictures(headers) {
  const of = (name, weight, type, content) =>
    kind(
      name,
      weight,
      once(() => body('/classify', { ...headers, 'content-type': type }, content())),
    );
  return [
    of('bomb-119-mp', FEW, 'image/png', () => blankPng(12_000, 9_916)),
    of('bomb-119-mp-interlaced', FEW, 'image/png', () => blankPng(12_000, 9_916, { isInterlaced: true })),
    of('bomb-15-mp-interlaced', FEW, 'image/png', () => blankPng(3_900, 3_900, { isInterlaced: true })),
    of('bomb-long', SEVERAL, 'image/png', () => blankPng(60_000, 3)),
    of('png-lies', MANY, 'image/png', () => blankPng(4_000_000_000, 4_000_000_000, { rows: 9 })),
    of('png-cut', MANY, 'image/png', () => blankPng(500, 500).subarray(0, 60)),
    of(
      'svg',
      MANY,
      'image/svg+xml',
      () => '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    ),
    of('jpeg-noise', MANY, 'image/jpeg', () =>
      Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), randomBytes(500)]),
    ),
    of('gif-lies', MANY, 'image/gif', () =>
      Buffer.concat([Buffer.from('GIF89a\xff\xff\xff\xff', 'latin1'), randomBytes(99)]),
    ),
    of('tiff-noise', MANY, 'image/tiff', () =>
      Buffer.concat([Buffer.from('49492a00', 'hex'), randomBytes(500)]),
    ),
    of('text', MANY, 'text/plain', () => 'file:///etc/passwd'),
  ];
}

function forms(headers) {
  const type = { ...headers, 'content-type': 'multipart/form-data; boundary=x' };
  const part = (name, content, file = '') =>
    `--x\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${content}\r\n`;
  const of = (name, weight, content, own = type) =>
    kind(
      name,
      weight,
      once(() => body('/classify', own, content())),
    );
  return [
    of('form-empty', MANY, () => '--x--\r\n'),
    of('form-cut', MANY, () => part('image', 'abc', '; filename="a.png"')),
    of('form-no-picture', MANY, () => `${part('image', 'abc', '; filename="../../a.png"')}--x--\r\n`),
    of('form-many-parts', SEVERAL, () => `${part('__proto__', 'x').repeat(3000)}--x--\r\n`),
    of('form-many-headers', SEVERAL, () => `--x\r\n${'a: b\r\n'.repeat(5000)}\r\n\r\n--x--\r\n`),
    of('form-no-boundary', MANY, () => 'x', { ...headers, 'content-type': 'multipart/form-data' }),
    of('form-long-boundary', MANY, () => 'x', {
      ...headers,
      'content-type': `multipart/form-data; boundary=${'y'.repeat(5000)}`,
    }),
  ];
}

function methodsAndPaths(headers) {
  const wrong = ['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].flatMap((method) =>
    [INFER, '/classify', '/v2/health/live'].map((path) =>
      kind(`${method} ${path}`, SEVERAL, () => body(path, headers, '', method)),
    ),
  );
  const paths = [
    '//',
    '/%00',
    '/%',
    '/..;/status',
    '/.git/config',
    '/v2/models/%2e%2e',
    `/${'a'.repeat(9000)}`,
    '/docs/%5c..',
  ];
  return [
    ...wrong,
    ...paths.map((path) => kind(`GET ${path.slice(0, 20)}`, SEVERAL, () => body(path, headers, '', 'GET'))),
    kind('connect', MANY, () => body('evil.example:443', headers, '', 'CONNECT'), 100),
  ];
}

function origins(headers) {
  const json = withJson(headers);
  const feedback = '{"id":"x","label":1}';
  const foreign = { origin: 'https://evil.example' };
  return [
    kind('origin', MANY, () => body('/feedback', { ...json, ...foreign }, feedback)),
    kind('origin-null', MANY, () => body(INFER, { ...json, origin: 'null' }, '{}')),
    kind('origin-traffic', MANY, () => body('/traffic', { ...json, ...foreign }, '{}', 'PUT')),
    kind('cross-site', MANY, () => body('/feedback', { ...json, 'sec-fetch-site': 'cross-site' }, feedback)),
    kind('preflight', MANY, () =>
      body(
        INFER,
        { ...foreign, 'access-control-request-method': 'POST', connection: 'close' },
        '',
        'OPTIONS',
      ),
    ),
    kind('simple-request', MANY, () =>
      body('/feedback', { ...headers, ...foreign, 'content-type': 'text/plain' }, feedback),
    ),
  ];
}

function tokens(token) {
  const id = token.split('_')[1];
  const secret = () => randomBytes(32).toString('base64url');
  const of = (name, authorization, path = '/v2', method = 'GET') =>
    kind(name, MANY, () => body(path, { connection: 'close', authorization: authorization() }, '', method));
  return [
    kind('no-token', MANY, () => body('/v2', { connection: 'close' }, '', 'GET')),
    of('wrong-secret', () => `Bearer mnist_${id}_${secret()}`),
    of('unknown-token', () => `Bearer mnist_${randomBytes(6).toString('hex')}_${secret()}`),
    of('basic', () => `Basic ${randomBytes(60).toString('base64')}`),
    of('long-token', () => `Bearer ${'x'.repeat(8000)}`),
    of('lower-role', () => `Bearer ${token}`, '/metrics'),
    of('lower-role-status', () => `Bearer ${token}`, '/status'),
    of('lower-role-load', () => `Bearer ${token}`, '/v2/repository/models/mnist/load', 'POST'),
  ];
}

function connections(headers) {
  const half = () => inferBytes(randomBytes(784), 1, headers).subarray(0, -300);
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const raw = (name, text, hangUpMs) => kind(name, MANY, () => Buffer.from(text), hangUpMs);
  return [
    kind('half-request', MANY, half, 30),
    kind('left-at-once', MANY, () => inferBytes(randomBytes(784), 1, headers), 1),
    raw('half-headers', 'GET /v2 HTTP/1.1\r\nhost: 12', 30),
    raw('many-headers', `GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines}${'a: b\r\n'.repeat(1500)}\r\n`),
    raw(
      'bad-chunk',
      `POST ${INFER} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    ),
    raw('old-http', 'GET /v2 HTTP/0.9\r\n\r\n'),
    raw(
      'upgrade',
      `GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
      200,
    ),
    raw(
      'two-hosts',
      `GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n${lines}content-length: a\r\n\r\n`,
    ),
    raw('tls', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  ];
}
