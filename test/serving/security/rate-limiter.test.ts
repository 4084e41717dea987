import { expect, it } from 'vitest';

import { hostName, isLoopback } from '../../../src/serving/security/addresses.js';
import { RateLimiter } from '../../../src/serving/security/rate-limiter.js';

it('a caller has a second’s worth of requests, and gets more as time passes', () => {
  let now = 0;
  const limiter = new RateLimiter(2, () => now);
  expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([true, true, false]);
  expect(limiter.take('b')).toBe(true);
  now += 500;
  expect([limiter.take('a'), limiter.take('a')]).toEqual([true, false]);
  now += 60_000;
  expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([true, true, false]);
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['127.0.0.1.example.com', false],
  ['', false],
])('%j is this machine’s own address: %j', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

it.each([
  ['localhost:8080', 'localhost'],
  ['127.0.0.1', '127.0.0.1'],
  ['[::1]:80', '[::1]'],
])('the name in the Host header %j is %j', (header, expected) => {
  expect(hostName(header)).toBe(expected);
});
