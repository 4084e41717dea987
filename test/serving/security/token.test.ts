import { expect, it } from 'vitest';

import { withoutSecrets } from '../../../src/serving/security/token.js';

const token = `mnist_0123456789ab_${'aB3-_'.repeat(8)}xyz`;

it.each([
  ['/v2', '/v2'],
  [`/v2?token=${token}`, '/v2?token=mnist_0123456789ab_…'],
  [`/${token}/${token}`, '/mnist_0123456789ab_…/mnist_0123456789ab_…'],
  [`/x?t=${token.replaceAll('_', '%5F')}`, '/x?t=mnist_0123456789ab_…'],
  ['/a%20b', '/a%20b'],
  [`/%zz${token}`, '/%zzmnist_0123456789ab_…'],
])('%s is logged as %s', (text, expected) => {
  expect(withoutSecrets(text)).toBe(expected);
});
