import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

import { sha256 } from '../../src/core/hashing.js';
import type { RuntimeVariant, Wheel } from '../../src/tensorflow/runtime/variants.js';
import { zip } from './zip.js';

/** A wheel made for a test, and what a runtime's description says of it. */
export interface FakeWheel {
  wheel: Wheel;
  archive: Buffer;
}

export const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';

/** A wheel with the two libraries' names, files that are not to be unpacked, and what pip wants to see in one. */
export function fakeWheel(project = 'fake-tensorflow', libraryBytes = 300_000): FakeWheel {
  const name = project.replaceAll('-', '_');
  const version = '2.21.0';
  const info = `${name}-${version}.dist-info`;
  const library = Buffer.alloc(libraryBytes, 'cc');
  const archive = zip([
    { name: 'tensorflow/__init__.py', content: 'raise SystemExit' },
    { name: `tensorflow/libtensorflow_cc.${SUFFIX}`, content: library, mode: 0o755 },
    { name: `tensorflow/libtensorflow_framework.${SUFFIX}`, content: 'framework' },
    { name: `${info}/METADATA`, content: `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n` },
    { name: `${info}/WHEEL`, content: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-any\n' },
    { name: `${info}/RECORD`, content: '' },
  ]);
  const wheel: Wheel = {
    project,
    version,
    file: `${name}-${version}-cp311-cp311-manylinux_2_27_x86_64.whl`,
    bytes: archive.length,
    sha256: sha256(archive),
    members: /^tensorflow\/libtensorflow/,
    libraries: {
      [`tensorflow/libtensorflow_cc.${SUFFIX}`]: [sha256(library)],
      [`tensorflow/libtensorflow_framework.${SUFFIX}`]: [sha256('framework')],
    },
  };
  return { wheel, archive };
}

/** A runtime that is not fetched, whose two libraries are empty files. */
export function emptyVariant(): RuntimeVariant {
  const { wheel } = fakeWheel('empty', 0);
  const libraries = Object.fromEntries(Object.keys(wheel.libraries).map((file) => [file, [sha256('')]]));
  return { ...fakeVariant(), wheels: [{ ...wheel, libraries }] };
}

/** A runtime of these wheels. */
export function fakeVariant(...wheels: FakeWheel[]): RuntimeVariant {
  return {
    name: 'cpu',
    tensorflow: '2.21.0',
    platform: `${process.platform}-${process.arch}`,
    wheels: wheels.map(({ wheel }) => wheel),
    pipPlatforms: ['manylinux_2_27_x86_64'],
    installedBytes: 300_009,
  };
}

export interface IndexOptions {
  format: 'json' | 'html';
  /** Answers nothing to who does not have it, as `user:password`. */
  credentials?: string;
  /** The first time that a file is asked for, only so many of its bytes are sent, and the connection is left open. */
  stallAfter?: number;
  /** Files are sent when this is fulfilled. */
  gate?: Promise<unknown>;
}

/** A package index on the loopback interface, and what it was asked for. */
export interface FakeIndex {
  url: string;
  /** Paths asked for, each with the range that was wanted. */
  requests: { path: string; range: string | undefined }[];
}

/** Serves wheels as a package index does (PEP 503 or PEP 691), with ranges, until the test has finished. */
export async function servePackageIndex(wheels: FakeWheel[], options: IndexOptions): Promise<FakeIndex> {
  const requests: FakeIndex['requests'] = [];
  let stallAfter = options.stallAfter;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    requests.push({ path, range: request.headers.range });
    const expected = `Basic ${Buffer.from(options.credentials ?? '').toString('base64')}`;
    if (options.credentials !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="index"' }).end();
      return;
    }
    const listed = wheels.filter(({ wheel }) => path === `/simple/${wheel.project}/`);
    if (listed.length > 0) {
      sendPage(response, listed, options.format);
      return;
    }
    const file = wheels.find(({ wheel }) => path === `/files/${wheel.file}`);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    await options.gate;
    const limit = stallAfter;
    stallAfter = undefined;
    sendFile(response, file.archive, request.headers.range, limit);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const authority = options.credentials === undefined ? '' : `${options.credentials}@`;
  return { url: `http://${authority}127.0.0.1:${port}/simple/`, requests };
}

function sendPage(response: ServerResponse, wheels: FakeWheel[], format: 'json' | 'html'): void {
  if (format === 'json') {
    const files = wheels.map(({ wheel }) => ({
      filename: wheel.file,
      url: `/files/${wheel.file}`,
      hashes: { sha256: wheel.sha256 },
    }));
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
    response.end(JSON.stringify({ meta: { 'api-version': '1.0' }, name: wheels[0]?.wheel.project, files }));
  } else {
    const links = wheels.map(
      ({ wheel }) =>
        `<a class="x" href="../../files/${wheel.file}#sha256=${wheel.sha256}" data-requires-python="&gt;=3.9">${wheel.file}</a><br/>`,
    );
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
  }
}

function sendFile(
  response: ServerResponse,
  archive: Buffer,
  range: string | undefined,
  stallAfter: number | undefined,
): void {
  const start = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  const headers = { 'content-length': archive.length - start, etag: '"1"' };
  if (range === undefined) response.writeHead(200, headers);
  else {
    const contentRange = `bytes ${start}-${archive.length - 1}/${archive.length}`;
    response.writeHead(206, { ...headers, 'content-range': contentRange });
  }
  if (stallAfter === undefined) response.end(archive.subarray(start));
  else response.write(archive.subarray(start, start + stallAfter));
}
