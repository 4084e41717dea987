import { expect, it } from 'vitest';

import { hostName, isLoopback } from '../../../src/serving/security/addresses.js';

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
