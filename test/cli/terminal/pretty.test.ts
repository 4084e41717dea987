import { Writable } from 'node:stream';

import { expect, it } from 'vitest';

import type { EpochEvent, ToolkitEvent } from '../../../src/core/events.js';
import { PrettyReporter } from '../../../src/cli/terminal/pretty.js';

const EPOCH: EpochEvent = {
  ...{ event: 'epoch', epoch: 9, epochs: 10, loss: 0.0178, accuracy: 0.996 },
  ...{ validation: { loss: 0.0666, accuracy: 0.9792 }, gap: 0.0488, seconds: 0.88, imagesPerSecond: 64_320 },
  ...{ learningRate: 0.001, tensors: 0, residentBytes: 0 },
};

/** What an event, by default an epoch, looks like on a stream. */
function lineOf(terminal: { isTTY?: boolean; columns?: number }, event: ToolkitEvent = EPOCH): string {
  let written = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  const stream = Object.assign(sink, terminal);
  const options = { stdout: stream, stderr: stream, environment: {}, color: false, verbose: false };
  new PrettyReporter(options).event(event);
  return written.trimEnd();
}

it('an epoch fits into one line of a terminal of 80 columns, and keeps what matters most', () => {
  const whole = lineOf({});
  expect(whole).toMatch(/gap \+0\.0488 {2}0\.88 s {2}64,320 images\/s$/);
  expect(lineOf({ isTTY: true, columns: 120 })).toBe(whole);
  const narrow = lineOf({ isTTY: true, columns: 80 });
  expect(narrow.length).toBeLessThanOrEqual(80);
  expect(narrow).toMatch(/validation 0\.0666 97\.92 % {2}0\.88 s$/);
});

it('names the layers of a transfer, and of many how many there are', () => {
  const taken = Array.from({ length: 20 }, (_, index) => `layer${index + 1}`);
  const event = {
    event: 'transfer',
    checkpoint: 'net.safetensors',
    taken,
    fresh: ['fc'],
    frozen: [],
  } as const;
  expect(lineOf({}, event)).toBe(
    'weights from net.safetensors: loaded: 20 layers, layer1 to layer20; initialised: fc',
  );
});
