import { pipeline, Readable, type Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from 'fastify';

import { HttpError } from '../http-errors.js';

const DECODERS: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Unpacks compressed bodies as they arrive, until they exceed the limit of their route. */
export function decompressBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    if (coding === 'identity' || coding === '') done(null, payload);
    else unpack(coding, request, reply, payload, done);
  });
}

function unpack(
  coding: string,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: RequestPayload,
  done: (error: Error | null, payload?: RequestPayload) => void,
): void {
  const newDecoder = DECODERS.get(coding);
  if (!newDecoder) {
    reply.header('accept-encoding', 'gzip, deflate, br');
    done(new HttpError('UNSUPPORTED_MEDIA_TYPE', 'send the body uncompressed, or with gzip, deflate or br'));
    return;
  }
  const decoder = newDecoder();
  const unpacked: RequestPayload = Readable.from(limited(decoder, request.routeOptions.bodyLimit));
  // Fastify compares it with the Content-Length.
  unpacked.receivedEncodedLength = 0;
  payload.on('data', (chunk: Buffer) => {
    unpacked.receivedEncodedLength! += chunk.length;
  });
  // An error in the data reaches whoever reads the decoder, and ends both.
  pipeline(payload, decoder, () => undefined);
  reply.raw.once('close', () => decoder.destroy());
  done(null, unpacked);
}

/** Chunks until there are too many bytes: a megabyte of zeros packs into a kilobyte. */
async function* limited(decoder: Duplex, limit: number): AsyncGenerator<Buffer> {
  let length = 0;
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) throw new HttpError('BODY_TOO_LARGE', 'the body is too large when it is unpacked');
      yield chunk;
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError('BAD_REQUEST', 'the body is not what its Content-Encoding says');
  }
}
