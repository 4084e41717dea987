import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { mapInOrder } from '../../src/core/concurrency.js';
import { failureOf } from '../support/errors.js';

async function all<Element>(elements: AsyncIterable<Element>): Promise<Element[]> {
  const found: Element[] = [];
  for await (const element of elements) found.push(element);
  return found;
}

describe('mapInOrder', () => {
  it('keeps the order, whatever takes longest, and no more at once than it may', async () => {
    let [running, most] = [0, 0];
    const work = async (element: number): Promise<number> => {
      most = Math.max(most, ++running);
      await delay((element * 7) % 5);
      running--;
      return element * element;
    };
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    expect(await all(mapInOrder(numbers, 4, work))).toEqual(numbers.map((element) => element * element));
    expect(most).toBe(4);
  });

  it('ends with the first failure, after what was begun', async () => {
    const ended: number[] = [];
    const work = async (element: number): Promise<number> => {
      await delay(element === 1 ? 0 : 5);
      if (element === 1) throw new Error('one');
      ended.push(element);
      return element;
    };
    expect(String(await failureOf(all(mapInOrder([0, 1, 2, 3, 4, 5], 3, work))))).toBe('Error: one');
    expect(ended).toEqual([0, 2, 3]);
  });
});
