import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { download, type DownloadOptions } from '../../src/core/download.js';
import { failureOf, toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { loopbackServer, type LoopbackServer } from '../support/server.js';

const bytes = (length: number, factor: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index * factor + (index >> 8)) % 256));
const FILE = bytes(300_000, 7);
const OTHER = bytes(300_000, 13);
const hash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Answers with a file from a byte on, and breaks the connection after some bytes if told to. */
function send(response: ServerResponse, file: Buffer, start: number, breakAfter = Infinity): void {
  const rest = file.subarray(start);
  response.setHeader('content-length', rest.length);
  if (rest.length <= breakAfter) {
    response.end(rest);
    return;
  }
  response.write(rest.subarray(0, breakAfter), () => {
    // Only when the client has had the time to read what was written.
    setTimeout(() => response.destroy(), 30);
  });
}

/** A server that honours ranges for the version that If-Range names, and breaks its first answers off. */
function ranged(file: Buffer, etag: string, breaks: number[] = []): RequestListener {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    response.setHeader('etag', etag);
    if (start >= file.length) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      return;
    }
    const honoured = start > 0 && isSame;
    if (honoured) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${file.length - 1}/${file.length}`);
    }
    send(response, file, honoured ? start : 0, breaks.shift());
  };
}

/** Answers the first requests each with a listener of its own, and all others with the last one. */
function inTurn(...listeners: RequestListener[]): RequestListener {
  return (request, response) => {
    (listeners.length > 1 ? listeners.shift()! : listeners[0]!)(request, response);
  };
}

const answer =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status).end('no');
  };

interface Attempt {
  server: LoopbackServer;
  destination: string;
  options: DownloadOptions;
}

async function prepare(listener: RequestListener, options: Partial<DownloadOptions> = {}): Promise<Attempt> {
  const server = await loopbackServer(listener);
  const destination = join(await temporaryFolder(), 'made', 'file');
  const defaults = {
    url: `${server.address}/file`,
    destination,
    maxBytes: 1_000_000,
    pauseMs: 1,
    retries: 3,
  };
  return { server, destination, options: { ...defaults, ...options } };
}

const rangeOf = (request: IncomingMessage | undefined): string | undefined => request?.headers.range;

async function expectArrived({ destination }: Attempt, content: Buffer): Promise<void> {
  expect((await readFile(destination)).equals(content)).toBe(true);
  expect(await readdir(join(destination, '..'))).toEqual(['file']);
}

describe('a whole transfer', () => {
  it('brings the file, tells the progress, and leaves nothing else', async () => {
    const told: [number, number | undefined][] = [];
    const attempt = await prepare(ranged(FILE, '"a"'), {
      sha256: hash(FILE),
      onProgress: (received, total) => told.push([received, total]),
    });
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(told[0]).toEqual([0, FILE.length]);
    expect(told.at(-1)).toEqual([FILE.length, FILE.length]);
    expect(told.map(([received]) => received)).toEqual(
      told.map(([received]) => received).sort((a, b) => a - b),
    );
  });

  it('works without a length, and for an empty file', async () => {
    const chunked = await prepare((_, response) => {
      response.write(FILE.subarray(0, 1000));
      response.end(FILE.subarray(1000));
    });
    await download(chunked.options);
    await expectArrived(chunked, FILE);
    const empty = await prepare((_, response) => response.end());
    await download(empty.options);
    await expectArrived(empty, Buffer.alloc(0));
  });

  it('undoes a content encoding that was not asked for', async () => {
    const attempt = await prepare((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', etag: '"a"' }).end(gzipSync(FILE));
    });
    await download(attempt.options);
    await expectArrived(attempt, FILE);
  });
});

describe('a broken transfer', () => {
  it('is continued from where it stopped, however often, as long as it gets further', async () => {
    const breaks = Array.from({ length: 8 }, () => 30_000);
    const attempt = await prepare(ranged(FILE, '"a"', breaks), { retries: 0 });
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    const { requests } = attempt.server;
    expect(requests).toHaveLength(9);
    expect(rangeOf(requests[0])).toBeUndefined();
    expect(requests[1]?.headers['if-range']).toBe('"a"');
    const starts = requests.slice(1).map((request) => Number(/\d+/.exec(rangeOf(request) ?? '')?.[0]));
    expect(starts.every((start, index) => start > (starts[index - 1] ?? 0))).toBe(true);
  });

  it('is continued by a later process', async () => {
    const attempt = await prepare(inTurn(ranged(FILE, '"a"', [100_000]), answer(404), ranged(FILE, '"a"')));
    await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(Number(/\d+/.exec(rangeOf(attempt.server.requests[2]) ?? '')?.[0])).toBeGreaterThan(0);
  });

  it('begins anew where the server ignores ranges', async () => {
    const ignoring =
      (breakAfter?: number): RequestListener =>
      (_, response) => {
        response.setHeader('etag', '"a"');
        send(response, FILE, 0, breakAfter);
      };
    const attempt = await prepare(inTurn(ignoring(100_000), ignoring()));
    await download(attempt.options);
    expect(rangeOf(attempt.server.requests[1])).toMatch(/^bytes=\d+-$/);
    await expectArrived(attempt, FILE);
  });

  it('begins anew where the file changed meanwhile', async () => {
    const attempt = await prepare(inTurn(ranged(FILE, '"a"', [100_000]), ranged(OTHER, '"b"')));
    await download(attempt.options);
    await expectArrived(attempt, OTHER);
  });

  it('mixes no two versions when the server does not know If-Range', async () => {
    const careless: RequestListener = (request, response) => {
      delete request.headers['if-range'];
      ranged(OTHER, '"b"')(request, response);
    };
    const attempt = await prepare(inTurn(ranged(FILE, '"a"', [100_000]), careless));
    await download(attempt.options);
    await expectArrived(attempt, OTHER);
  });

  it('asks for no range of a file whose version is unknown, unless its hash is', async () => {
    const unnamed =
      (breakAfter?: number): RequestListener =>
      (request, response) => {
        ranged(FILE, 'W/"weak"', breakAfter === undefined ? [] : [breakAfter])(request, response);
      };
    const unknown = await prepare(inTurn(unnamed(100_000), unnamed()));
    await download(unknown.options);
    await expectArrived(unknown, FILE);
    expect(rangeOf(unknown.server.requests[1])).toBeUndefined();
    const pinned = await prepare(inTurn(unnamed(100_000), unnamed()), { sha256: hash(FILE) });
    await download(pinned.options);
    await expectArrived(pinned, FILE);
    expect(rangeOf(pinned.server.requests[1])).toMatch(/^bytes=\d+-$/);
  });

  it('goes on when a server sends less than the range that was asked for', async () => {
    const stingy: RequestListener = (request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const end = Math.min(FILE.length, start + 120_000);
      response.writeHead(206, { etag: '"a"', 'content-range': `bytes ${start}-${end - 1}/${FILE.length}` });
      response.end(FILE.subarray(start, end));
    };
    const attempt = await prepare(inTurn(ranged(FILE, '"a"', [60_000]), stingy));
    await download(attempt.options);
    await expectArrived(attempt, FILE);
  });

  it('is broken off when it stalls, and continued', async () => {
    const stalling: RequestListener = (_, response) => {
      response.writeHead(200, { etag: '"a"', 'content-length': FILE.length });
      response.write(FILE.subarray(0, 100_000));
    };
    const silent: RequestListener = () => undefined;
    const attempt = await prepare(inTurn(stalling, silent, ranged(FILE, '"a"')), { stallMs: 400 });
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(rangeOf(attempt.server.requests[2])).toMatch(/^bytes=\d+-$/);
  });

  it('is given up when it stalls every time', async () => {
    const attempt = await prepare(() => undefined, { stallMs: 50, retries: 2 });
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toMatch(/no data for 0.05 s/);
    expect(attempt.server.requests).toHaveLength(3);
  });

  it('is given up when it gets no further, though each try gets as far as another', async () => {
    const sizes = [50_000, 90_000];
    const attempt = await prepare((_, response) => {
      sizes.reverse();
      send(response, FILE, 0, sizes[0]);
    });
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toContain(attempt.options.url);
    expect(attempt.server.requests.length).toBeLessThanOrEqual(6);
  });

  it('that was complete is not fetched again', async () => {
    const attempt = await prepare(ranged(FILE, '"a"'), { sha256: hash(FILE) });
    await mkdir(join(attempt.destination, '..'));
    await writeFile(`${attempt.destination}.partial`, FILE);
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(attempt.server.requests).toHaveLength(1);
  });

  it('begins anew after a partial file that is longer than the file', async () => {
    const attempt = await prepare(ranged(FILE, '"a"'), { sha256: hash(FILE) });
    await mkdir(join(attempt.destination, '..'));
    await writeFile(`${attempt.destination}.partial`, Buffer.concat([FILE, FILE]));
    await download(attempt.options);
    await expectArrived(attempt, FILE);
  });
});

describe('an answer that is an error', () => {
  it.each([408, 429, 500, 503])('%i is tried again', async (status) => {
    const attempt = await prepare(inTurn(answer(status), answer(status), ranged(FILE, '"a"')));
    await download(attempt.options);
    await expectArrived(attempt, FILE);
  });

  it('500 is given up after the retries', async () => {
    const attempt = await prepare(answer(500));
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toBe(`${attempt.options.url}: the server answered 500 Internal Server Error`);
    expect(attempt.server.requests).toHaveLength(4);
  });

  it.each([400, 401, 403, 404, 410])('%i is final', async (status) => {
    const attempt = await prepare(answer(status));
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toContain(`answered ${status}`);
    expect(attempt.server.requests).toHaveLength(1);
    expect(await readdir(join(attempt.destination, '..'))).toEqual([]);
  });

  it('a server that is not there is given up', async () => {
    const attempt = await prepare(answer(200), { url: 'http://127.0.0.1:1/file' });
    await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
  });
});

describe('a file that is not the one meant', () => {
  it('is refused when it came in one piece, at once', async () => {
    const attempt = await prepare(ranged(OTHER, '"a"'), { sha256: hash(FILE) });
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toContain(`SHA-256 is ${hash(OTHER)}, expected ${hash(FILE)}`);
    expect(attempt.server.requests).toHaveLength(1);
    expect(await readdir(join(attempt.destination, '..'))).not.toContain('file');
    expect(await readdir(join(attempt.destination, '..'))).not.toContain('file.partial');
  });

  it('is fetched from the start when a part of another version was there', async () => {
    const attempt = await prepare(ranged(FILE, '"a"'), { sha256: hash(FILE) });
    await mkdir(join(attempt.destination, '..'));
    await writeFile(`${attempt.destination}.partial`, OTHER.subarray(0, 1000));
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(attempt.server.requests).toHaveLength(2);
  });

  it('is given up in the end, though every transfer of it is broken off once', async () => {
    const attempt = await prepare(
      (request, response) => {
        ranged(OTHER, '"a"', request.headers.range === undefined ? [100_000] : [])(request, response);
      },
      { sha256: hash(FILE) },
    );
    await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(attempt.server.requests.length).toBeLessThanOrEqual(6);
  });

  it('is refused by its length before any of it is written', async () => {
    const attempt = await prepare(ranged(FILE, '"a"'), { maxBytes: 1000 });
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toContain('larger than the 1000 bytes');
    expect(await readdir(join(attempt.destination, '..'))).toEqual([]);
  });

  it('is refused when more arrives than may, without end and without a length', async () => {
    const attempt = await prepare((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(FILE, () => setImmediate(more));
      };
      more();
    });
    const error = await toolkitError('DOWNLOAD_FAILED', download(attempt.options));
    expect(error.message).toContain('larger than the 1000000 bytes');
    expect(await readdir(join(attempt.destination, '..'))).toEqual([]);
  });
});

describe('an aborted download', () => {
  it('ends with the reason, keeps what arrived, and can be continued', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const half: RequestListener = (_, response) => {
      response.writeHead(200, { etag: '"a"', 'content-length': FILE.length });
      response.write(FILE.subarray(0, 100_000));
    };
    const attempt = await prepare(inTurn(half, ranged(FILE, '"a"')));
    const onProgress = (received: number): void => {
      if (received >= 100_000) stop.abort(reason);
    };
    expect(await failureOf(download({ ...attempt.options, signal: stop.signal, onProgress }))).toBe(reason);
    expect(await readFile(`${attempt.destination}.partial`)).toHaveLength(100_000);
    await download(attempt.options);
    await expectArrived(attempt, FILE);
    expect(rangeOf(attempt.server.requests[1])).toBe('bytes=100000-');
  });

  it('does not wait for the pause between two tries, nor for a silent server', async () => {
    const reason = new Error('interrupted');
    for (const listener of [answer(500), (): void => undefined]) {
      const stop = new AbortController();
      const attempt = await prepare(
        (request, response) => {
          setTimeout(() => {
            stop.abort(reason);
          }, 50);
          listener(request, response);
        },
        { signal: stop.signal, pauseMs: 3_600_000 },
      );
      expect(await failureOf(download(attempt.options))).toBe(reason);
    }
  });
});

it('a destination that cannot be written is named', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), '');
  const below = await prepare(ranged(FILE, '"a"'), { destination: join(folder, 'file', 'below') });
  await toolkitError('STORAGE_DENIED', download(below.options));
  await mkdir(join(folder, 'taken'));
  const taken = await prepare(ranged(FILE, '"a"'), { destination: join(folder, 'taken') });
  await toolkitError('STORAGE_DENIED', download(taken.options));
});
