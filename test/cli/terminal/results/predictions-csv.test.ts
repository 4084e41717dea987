import { expect, it } from 'vitest';

import { predictionsCsv } from '../../../../src/cli/terminal/results/predictions-csv.js';
import { ToolkitError } from '../../../../src/core/errors.js';
import type { Prediction } from '../../../../src/stages/predict/predict.js';

function predicted(picture: string, name: string | null): Prediction {
  const top = [
    { class: name ?? 'a', probability: 0.75 },
    { class: 'b', probability: 0.25 },
  ];
  return {
    picture,
    class: name,
    probability: 0.75,
    abstained: name === null,
    reason: null,
    top,
    inverted: false,
  };
}

/** The class cell of a picture that is predicted to be of a class. */
const classCell = (name: string): string =>
  predictionsCsv({ predictions: [predicted('x', name)], failures: [] }, ['x'], 1)
    .split('\r\n')[1]!
    .split(',')[1]!;

it('has a header, and a row for each picture in the order given, failures too', () => {
  const error = new ToolkitError('PICTURE_UNREADABLE', { path: 'bad.png', reason: 'damaged, "really"' });
  const outcome = {
    predictions: [predicted('1.png', 'cat'), predicted('a,b.png', null)],
    failures: [{ picture: 'bad.png', error }],
  };
  const csv = predictionsCsv(outcome, ['1.png', 'bad.png', 'a,b.png'], 2);
  expect(`${csv}\n`.split('\r\n')).toEqual([
    'image,class,probability,abstained,error,top_1,top_1_probability,top_2,top_2_probability',
    '1.png,cat,0.75,false,,cat,0.75,b,0.25',
    'bad.png,,,,"bad.png: damaged, ""really""",,,,',
    '"a,b.png",,0.75,true,,a,0.75,b,0.25',
    '',
  ]);
});

it.each([
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+cmd|x', "'+cmd|x"],
  ['-2+3', "'-2+3"],
  ['＝1', "'＝1"],
  ['\t=1', "'\t=1"],
])('is no formula to a spreadsheet: %j', (name, cell) => {
  expect(classCell(name)).toBe(cell);
});

it.each(['+', '-', '-1', '+2.5', 'cat', 'a=b', '7'])('leaves what is none as it is: %s', (name) => {
  expect(classCell(name)).toBe(name);
});
