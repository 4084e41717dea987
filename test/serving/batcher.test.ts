import { describe, expect, it } from 'vitest';

import { Batcher } from '../../src/serving/batcher.js';
import { batchSizes, type Predictor } from '../../src/serving/predictor.js';
import { Turns } from '../../src/serving/turns.js';
import { failureOf } from '../support/errors.js';
import { checkpointDescription } from '../support/checkpoints.js';

/** Images of one pixel; the logits are the pixel and its double. Each batch waits until it is let go. */
class GatedPredictor implements Predictor {
  readonly description = checkpointDescription();
  readonly maxBatch = 4;
  readonly lanes: number;
  readonly batches: number[] = [];
  #gates: (() => void)[] = [];

  constructor(lanes = 1) {
    this.lanes = lanes;
  }

  async predict(pixels: Uint8Array, count: number): Promise<Float32Array> {
    this.batches.push(count);
    await new Promise<void>((resolve) => this.#gates.push(resolve));
    return Float32Array.from([...pixels.subarray(0, count)].flatMap((pixel) => [pixel, 2 * pixel]));
  }

  close(): void {
    this.open();
  }

  /** Lets the batch that is under way end. */
  open(): void {
    this.#gates.shift()?.();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function untilIdle(predictor: GatedPredictor, batcher: Batcher): Promise<void> {
  let isIdle = false;
  const drained = batcher.drained().then(() => (isIdle = true));
  while (!(isIdle as boolean)) {
    predictor.open();
    await turn();
  }
  await drained;
}

const later = (): number => performance.now() + 60_000;

describe('a batcher', () => {
  it('puts together what arrives together and while a batch is computed, and gives each its own rows', async () => {
    const predictor = new GatedPredictor();
    const batcher = new Batcher(predictor, { maxDelay: 0, maxQueue: 100 });
    const answers = [1, 2].map((pixel) => batcher.classify(Uint8Array.of(pixel), 1, later()));
    await turn();
    answers.push(...[3, 4, 5, 6, 7].map((pixel) => batcher.classify(Uint8Array.of(pixel), 1, later())));
    await untilIdle(predictor, batcher);
    expect(predictor.batches).toEqual([2, 4, 1]);
    const logits = await Promise.all(answers);
    expect(logits.map((row) => [...row])).toEqual([1, 2, 3, 4, 5, 6, 7].map((pixel) => [pixel, 2 * pixel]));
  });

  it('splits a request that is larger than a batch', async () => {
    const predictor = new GatedPredictor();
    const batcher = new Batcher(predictor, { maxDelay: 0, maxQueue: 100 });
    const answer = batcher.classify(Uint8Array.of(1, 2, 3, 4, 5, 6), 6, later());
    await untilIdle(predictor, batcher);
    expect(predictor.batches).toEqual([4, 2]);
    expect([...(await answer)]).toEqual([1, 2, 2, 4, 3, 6, 4, 8, 5, 10, 6, 12]);
  });

  it('shares what waits between its lanes, and gives each the next batch when it is free', async () => {
    const predictor = new GatedPredictor(2);
    const batcher = new Batcher(predictor, { maxDelay: 0, maxQueue: 100 });
    const classify = (pixel: number): Promise<Float32Array> =>
      batcher.classify(Uint8Array.of(pixel), 1, later());
    const answers = [1, 2, 3, 4, 5].map(classify);
    await turn();
    expect(predictor.batches).toEqual([3, 2]);
    answers.push(...[6, 7, 8].map(classify));
    await turn();
    expect(predictor.batches).toEqual([3, 2]);
    predictor.open();
    await turn();
    expect(predictor.batches).toEqual([3, 2, 3]);
    await untilIdle(predictor, batcher);
    const logits = await Promise.all(answers);
    expect(logits.map(([first]) => first)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses at once what has no room, and takes more when there is room again', async () => {
    const predictor = new GatedPredictor();
    const batcher = new Batcher(predictor, { maxDelay: 0, maxQueue: 4 });
    const first = batcher.classify(Uint8Array.of(1, 2, 3, 4), 4, later());
    await turn();
    const second = batcher.classify(Uint8Array.of(1, 2, 3), 3, later());
    expect(await failureOf(batcher.classify(Uint8Array.of(9, 9), 2, later()))).toMatchObject({
      code: 'OVERLOADED',
      status: 503,
      retryAfter: 1,
    });
    expect(await failureOf(batcher.classify(new Uint8Array(5), 5, later()))).toMatchObject({ status: 413 });
    expect(batcher.queued).toBe(3);
    await untilIdle(predictor, batcher);
    await Promise.all([first, second]);
    expect(batcher.queued).toBe(0);
  });

  it('answers what waits too long with DEADLINE_EXCEEDED, and does not compute it', async () => {
    const predictor = new GatedPredictor();
    const batcher = new Batcher(predictor, { maxDelay: 0, maxQueue: 100 });
    const first = batcher.classify(Uint8Array.of(1), 1, later());
    await turn();
    const late = failureOf(batcher.classify(Uint8Array.of(2), 1, performance.now() + 1));
    // It is answered while the first batch is still under way.
    expect(await late).toMatchObject({ code: 'DEADLINE_EXCEEDED', status: 504 });
    await untilIdle(predictor, batcher);
    expect([...(await first)]).toEqual([1, 2]);
    expect(predictor.batches).toEqual([1]);
  });

  it('with a delay waits for more, but not when a batch is full', async () => {
    const predictor = new GatedPredictor();
    const batcher = new Batcher(predictor, { maxDelay: 60_000, maxQueue: 100 });
    const answers = [1, 2, 3].map((pixel) => batcher.classify(Uint8Array.of(pixel), 1, later()));
    await turn();
    expect(predictor.batches).toEqual([]);
    answers.push(batcher.classify(Uint8Array.of(4), 1, later()));
    await turn();
    expect(predictor.batches).toEqual([4]);
    await untilIdle(predictor, batcher);
    await Promise.all(answers);
  });

  it('passes the failure of a batch to all that were in it', async () => {
    const broken: Predictor = {
      description: checkpointDescription(),
      maxBatch: 4,
      lanes: 1,
      predict: () => Promise.reject(new Error('broken')),
      close: () => undefined,
    };
    const batcher = new Batcher(broken, { maxDelay: 0, maxQueue: 100 });
    const failures = [1, 2].map((pixel) => failureOf(batcher.classify(Uint8Array.of(pixel), 1, later())));
    expect(await Promise.all(failures)).toEqual([new Error('broken'), new Error('broken')]);
    await batcher.drained();
  });
});

it('the compiled batch sizes are powers of two up to the largest batch', () => {
  expect(batchSizes(1)).toEqual([1]);
  expect(batchSizes(64)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(batchSizes(20)).toEqual([1, 2, 4, 8, 16, 20]);
});

describe('batchers that share their limits', () => {
  it('leave half of the free places to the others, and compute in turn', async () => {
    const predictors = [new GatedPredictor(2), new GatedPredictor(2)];
    const turns = new Turns(1);
    const batchers: Batcher[] = predictors.map(
      (predictor, at) =>
        new Batcher(predictor, {
          maxDelay: 0,
          maxQueue: 12,
          shared: { turns, queuedElsewhere: () => batchers[1 - at]!.queued },
        }),
    );
    const classify = (at: number, count: number): Promise<Float32Array> =>
      batchers[at]!.classify(new Uint8Array(count), count, later());
    const answers = [classify(0, 4), classify(0, 2)];
    expect(await failureOf(classify(0, 1))).toMatchObject({ code: 'OVERLOADED' });
    answers.push(classify(1, 3));
    expect(await failureOf(classify(1, 1))).toMatchObject({ code: 'OVERLOADED' });
    await turn();
    // One batch at a time: the second model's comes before the first one's next.
    expect(predictors.map(({ batches }) => batches.length)).toEqual([1, 0]);
    predictors[0]!.open();
    await turn();
    expect(predictors[0]!.batches.length + predictors[1]!.batches.length).toBe(2);
    await Promise.all(predictors.map((predictor, at) => untilIdle(predictor, batchers[at]!)));
    expect((await Promise.all(answers)).map(({ length }) => length)).toEqual([8, 4, 6]);
  });
});
