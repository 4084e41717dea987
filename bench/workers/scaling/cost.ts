import { isSentWhole } from '../../../src/engine/distributed/sum-in-order.js';

const FLOAT_BYTES = 4;
const MS_PER_S = 1000;
const BITS = 8;

/** Messages that every worker sends, and waits for those of the others. */
export interface Round {
  /** How many each worker sends. */
  readonly messages: number;
  /** The bytes of all of them. */
  readonly bytes: number;
}

/** What connects workers: each has a link of its own to a switch, which sends and receives at a rate. */
export interface Links {
  readonly bitsPerSecond: number;
  /** Bytes that a link sends before its rate holds, in each round; 0 for hardware. */
  readonly burstBytes: number;
}

/** What the fit finds, in milliseconds. */
export interface LinkCosts {
  /** Of a round, whatever it sends. */
  readonly round: number;
  /** Of each message of a round. */
  readonly message: number;
  /** How much longer bytes take than at the rate of the link: headers of packets, and waiting. */
  readonly perWireMs: number;
}

/**
 * The rounds of a sum in the order of ranks, as `OrderedSum` runs it: two workers and short vectors are sent whole, in one round of n·(W − 1)
 * floats; others in parts, in two rounds of n·(W − 1)/W floats each.
 */
export function roundsOfSum(floats: number, workers: number): Round[] {
  const messages = workers - 1;
  const bytes = floats * FLOAT_BYTES * messages;
  if (workers === 2 || isSentWhole(floats, workers)) return [{ messages, bytes }];
  const part = { messages, bytes: bytes / workers };
  return [part, part];
}

/** The numbers that a time is a sum of, each times what the fit finds: rounds, messages, and milliseconds at the rate of the link. */
export function featuresOf(rounds: readonly Round[], { bitsPerSecond, burstBytes }: Links): number[] {
  const wire = rounds.map(({ bytes }) => (Math.max(0, bytes - burstBytes) * BITS * MS_PER_S) / bitsPerSecond);
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  return [rounds.length, total(rounds.map(({ messages }) => messages)), total(wire)];
}

/** The time of rounds in milliseconds. */
export function timeOf(rounds: readonly Round[], links: Links, costs: LinkCosts): number {
  const [count = 0, messages = 0, wire = 0] = featuresOf(rounds, links);
  return count * costs.round + messages * costs.message + wire * costs.perWireMs;
}

/** What is exchanged at the end of a phase of a step: a sum, and rows that each worker sends to all others. */
export interface Exchange {
  readonly floats: number;
  readonly rowBytes: number;
}

/** The rounds of an exchange: rows travel with the first messages of the sum. */
export function roundsOfExchange({ floats, rowBytes }: Exchange, workers: number): Round[] {
  const rows = { messages: workers - 1, bytes: rowBytes * (workers - 1) };
  if (floats === 0) return rowBytes === 0 ? [] : [rows];
  const [first, ...rest] = roundsOfSum(floats, workers) as [Round, ...Round[]];
  return [{ messages: first.messages, bytes: first.bytes + rows.bytes }, ...rest];
}

/** How long a slice of steps takes, before which workers agree on its length; see `SliceLength`. */
const SLICE_MS = 60;
/** The messages of an agreement that the first worker receives and sends one after another, for each of the others. */
const AGREEMENT_MESSAGES = 4;

/**
 * The time of a step in milliseconds: what a worker computes, its exchanges, and its part of the agreement before a slice.
 *
 * @param computeMs of a worker's share of the batch
 */
export function stepTime(
  computeMs: number,
  exchanges: readonly Exchange[],
  workers: number,
  links: Links,
  costs: LinkCosts,
): number {
  if (workers === 1) return computeMs;
  const exchanged = exchanges.reduce(
    (sum, exchange) => sum + timeOf(roundsOfExchange(exchange, workers), links, costs),
    0,
  );
  const step = computeMs + exchanged;
  const agreement = AGREEMENT_MESSAGES * (workers - 1) * (costs.round + costs.message);
  return step + agreement / Math.max(1, Math.floor(SLICE_MS / step));
}

/** A time between those that were measured at other sizes, by straight lines; beyond the largest in proportion to the last line's slope. */
export function interpolated(points: readonly (readonly [size: number, ms: number])[], size: number): number {
  const at = points.findIndex(([known]) => known >= size);
  const upper = Math.max(1, at < 0 ? points.length - 1 : at);
  const [[x0, y0], [x1, y1]] = [points[upper - 1]!, points[upper]!];
  return y0 + ((size - x0) * (y1 - y0)) / (x1 - x0);
}
