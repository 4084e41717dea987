import { expect, it } from 'vitest';

import { isFromOtherSite } from '../../../src/serving/security/origins.js';

const allowed = new Set(['https://app.example']);

function check(method: string, headers: Record<string, string>, host = 'digits.example:8080'): boolean {
  return isFromOtherSite({ method, headers, host, allowed });
}

it('programs, own pages and allowed origins are no other site', () => {
  expect(check('POST', {})).toBe(false);
  expect(check('POST', { origin: 'http://digits.example:8080' })).toBe(false);
  // A proxy may have ended TLS; the port that the scheme implies is left out by browsers.
  expect(check('POST', { origin: 'https://digits.example' }, 'digits.example:443')).toBe(false);
  expect(check('POST', { origin: 'https://digits.example', 'sec-fetch-site': 'same-origin' })).toBe(false);
  expect(check('POST', { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' })).toBe(false);
  expect(check('POST', { referer: 'http://digits.example:8080/page' })).toBe(false);
  expect(check('POST', { referer: 'https://app.example/page' })).toBe(false);
  expect(check('GET', { referer: 'http://evil.example/page' })).toBe(false);
  expect(check('GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(false);
});

it.each([
  { origin: 'http://evil.example' },
  { origin: 'http://digits.example' },
  { origin: 'http://digits.example:8080.evil.example' },
  { origin: 'null' },
  { origin: 'https://app.example.evil.example' },
  { origin: 'http://evil.example', 'sec-fetch-site': 'none' },
  { referer: 'http://evil.example/digits.example:8080' },
  { referer: 'nonsense' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
] as Record<string, string>[])('a page that sends %o is', (headers) => {
  expect(check('POST', headers)).toBe(true);
});

it('other sites may not read either', () => {
  expect(check('GET', { origin: 'http://evil.example' })).toBe(true);
  expect(check('GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).toBe(true);
});
