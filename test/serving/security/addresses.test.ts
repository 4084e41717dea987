import { expect, it } from 'vitest';

import { hostName, isLoopback, networkOf } from '../../../src/serving/security/addresses.js';

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

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::'],
  ['2001:db8:1:3::1', '2001:db8:1:3::'],
  ['fe80::1%eth0', 'fe80::'],
  ['unknown', 'unknown'],
])('%j belongs to the network %j', (address, expected) => {
  expect(networkOf(address)).toBe(expected);
});
