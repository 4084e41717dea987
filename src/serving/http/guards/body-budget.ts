import { Transform } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from 'fastify';

import { FairShares } from '../../fair-share.js';
import { HttpError } from '../../http-errors.js';

/** A body that says that it is no longer is not counted: the number of connections bounds those. */
const SMALL_BYTES = 64 * 1024;

/** The bytes of bodies that are in memory: of all requests together, and of each sender. */
export class BodyBudget {
  readonly #shares: FairShares;

  constructor(most: number) {
    this.#shares = new FairShares(most);
  }

  /** The bytes that are held now. */
  get held(): number {
    return this.#shares.held;
  }

  /**
   * Counts bytes that have arrived. Throws RATE_LIMITED where the sender's own bodies are what is too much, else OVERLOADED; nothing is
   * counted then.
   */
  take(sender: string, bytes: number): void {
    if (this.#shares.take(sender, bytes)) return;
    const own = this.#shares.heldBy(sender);
    throw own > this.held - own
      ? new HttpError('RATE_LIMITED', 'too many large requests of yours at once; wait for their answers')
      : new HttpError('OVERLOADED', 'too many large requests at once; try again');
  }

  giveBack(sender: string, bytes: number): void {
    this.#shares.giveBack(sender, bytes);
  }
}

/**
 * Counts the bytes of bodies as they arrive and are unpacked, until their requests are answered; what is beyond the budget is
 * refused. Announced sizes count for nothing: whoever sends nothing keeps nobody out.
 */
export function limitBodies(
  app: FastifyInstance,
  budget: BodyBudget,
  senderOf: (request: FastifyRequest) => string,
): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (isSmall(request)) done(null, payload);
    else done(null, counted(payload, budget, senderOf(request), reply));
  });
}

function isSmall({ headers }: FastifyRequest): boolean {
  const isAsSent = (headers['content-encoding'] ?? 'identity') === 'identity';
  if (headers['transfer-encoding'] !== undefined) return false;
  return isAsSent && Number(headers['content-length'] ?? 0) <= SMALL_BYTES;
}

function counted(
  payload: RequestPayload,
  budget: BodyBudget,
  sender: string,
  reply: FastifyReply,
): RequestPayload {
  let held = 0;
  const counter: RequestPayload & Transform = new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      try {
        budget.take(sender, chunk.length);
        held += chunk.length;
        pass(null, chunk);
      } catch (error) {
        // The rest of the body is not read.
        reply.header('connection', 'close');
        pass(error as Error);
      }
    },
  });
  // Fastify compares it with the Content-Length; it is only known when everything has been unpacked.
  Object.defineProperty(counter, 'receivedEncodedLength', { get: () => payload.receivedEncodedLength });
  // Of a body that no route reads, nobody else hears that its connection broke.
  counter.on('error', () => undefined);
  // Not `pipeline`: that would close the connection that the refusal is to be sent on.
  payload.once('error', (error) => counter.destroy(error));
  payload.once('close', () => {
    if (!payload.readableEnded) counter.destroy();
  });
  payload.pipe(counter);
  reply.raw.once('close', () => {
    budget.giveBack(sender, held);
    held = 0;
    counter.destroy();
  });
  return counter;
}
