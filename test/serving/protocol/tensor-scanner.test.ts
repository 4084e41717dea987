import { expect, it } from 'vitest';

import { scanRequest } from '../../../src/serving/protocol/tensor-scanner.js';

/** What the scanner makes of a request whose data has some text. */
async function scanned(data: string, maxValues = 1000): Promise<unknown> {
  const body = `{"id":"[\\"{","inputs":[{"shape":[1],"data":${data},"name":"images"}]}`;
  const { json, data: found } = await scanRequest(Buffer.from(body), maxValues);
  expect(JSON.parse(Buffer.from(json).toString())).toEqual({
    id: '["{',
    inputs: [{ shape: [1], data: [], name: 'images' }],
  });
  return found && { ...found, values: [...found.values] };
}

it('takes numbers out of lists, whatever their depth', async () => {
  expect(await scanned('[1, 25 ,255]')).toEqual({ values: [1, 25, 255], depth: 1, isUniform: true });
  expect(await scanned('[[0,1],\n[2,3]]')).toEqual({ values: [0, 1, 2, 3], depth: 2, isUniform: true });
  expect(await scanned('[0.4,1.5,2e1,-0,1.0]')).toMatchObject({ values: [0, 2, 20, 0, 1] });
  expect(await scanned('[]')).toEqual({ values: [], depth: 1, isUniform: true });
});

it('sees lists that differ in length or depth', async () => {
  for (const data of ['[[1,2],[3]]', '[1,[2]]', '[[1],2]', '[[],1]', '[[[1]],[[2,3]]]', '[[[]],[1]]']) {
    expect(await scanned(data), data).toMatchObject({ isUniform: false });
  }
});

it.each([
  ['[1,]', 400],
  ['[,1]', 400],
  ['[1 2]', 400],
  ['[01]', 400],
  ['[1.]', 400],
  ['[+1]', 400],
  ['[1e]', 400],
  ['[-1]', 400],
  ['[256]', 400],
  ['[1e999]', 400],
  ['["1"]', 400],
  ['[null]', 400],
  ['[{}]', 400],
  ['[1', 400],
  [`[${'1'.repeat(1000)}]`, 400],
  ['['.repeat(9) + ']'.repeat(9), 400],
  [`[${'0,'.repeat(1000)}0]`, 413],
])('refuses %s', async (data, status) => {
  await expect(scanned(data)).rejects.toMatchObject({ status });
});

it('reads a tensor in turns that let others through', async () => {
  const values = Array.from({ length: 300_000 }, (_, index) => index % 256);
  let turns = 0;
  const counter = setInterval(() => turns++, 0);
  const found = await scanRequest(Buffer.from(JSON.stringify({ inputs: [{ data: values }] })), 300_000);
  clearInterval(counter);
  expect(Buffer.from(found.data!.values).equals(Buffer.from(values))).toBe(true);
  expect(turns).toBeGreaterThan(0);
});

it('only the data of an input is taken out', async () => {
  for (const body of [
    '{"inputs":[{"parameters":{"data":[1]}}]}',
    '{"outputs":[{"data":[1]}]}',
    '{"data":[1]}',
    '{"inputs":[{"name":"data"},[1]]}',
    '{"inputs":[{"x":"data","y":[1]}]}',
    '{"inputs":{"0":{"data":[1]}}}',
  ]) {
    const { json, data } = await scanRequest(Buffer.from(body), 10);
    expect([Buffer.from(json).toString(), data]).toEqual([body, undefined]);
  }
});

it('refuses what is long or deep beside the data, and data that comes twice', async () => {
  const long = 8 * 2 ** 20;
  const cases: [body: string, status: number][] = [
    [`{"inputs":[${'{},'.repeat(long / 3)}{}]}`, 413],
    [`{"parameters":{${'"a":0,'.repeat(long / 6)}"a":0}}`, 413],
    [`{"id":"${'x'.repeat(long)}`, 413],
    [' '.repeat(long), 413],
    ['['.repeat(long), 400],
    [`{"inputs":[{"data":${'['.repeat(long)}`, 400],
    ['{"inputs":[{"data":[1],"data":[2]}]}', 400],
    ['{"inputs":[{"data":[1]},{"data":[2]}]}', 400],
  ];
  for (const [body, status] of cases) {
    await expect(scanRequest(Buffer.from(body), 1e6), body.slice(0, 40)).rejects.toMatchObject({ status });
  }
});
