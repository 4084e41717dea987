import { expect, it } from 'vitest';

import { SliceLength } from '../../../src/engine/compiling/slice-length.js';

it('slices grow to about 60 milliseconds, by steps that a slow start does not hinder', () => {
  const length = new SliceLength();
  expect(length.steps).toBe(1);
  length.record(1, 250);
  expect(length.steps).toBe(1);
  const lengths = [];
  for (let slice = 0; slice < 6; slice++) {
    length.record(length.steps, length.steps * 0.5);
    lengths.push(length.steps);
  }
  expect(lengths).toEqual([4, 16, 64, 120, 120, 120]);
});

it('slices shrink at once when steps get slow, and never to nothing', () => {
  const length = new SliceLength();
  for (let slice = 0; slice < 6; slice++) length.record(length.steps, length.steps);
  expect(length.steps).toBe(60);
  length.record(60, 600);
  expect(length.steps).toBe(6);
  length.record(6, 60_000);
  expect(length.steps).toBe(1);
});

it('a slice that was cut short by the end of an epoch says nothing against long ones', () => {
  const length = new SliceLength();
  for (let slice = 0; slice < 6; slice++) length.record(length.steps, length.steps);
  length.record(3, 3);
  expect(length.steps).toBe(60);
});
