/**
 * A program for tests that kill it, or that need another process: installs the runtime described in its first argument into
 * the cache that its environment names, and prints what it tells, a JSON object a line.
 */
import { writeSync } from 'node:fs';

import { silentContext, type ToolkitEvent } from '../../src/core/events.js';
import { installRuntime } from '../../src/tensorflow/runtime/install.js';
import type { RuntimeVariant } from '../../src/tensorflow/runtime/variants.js';

/** What the program is given: regular expressions cannot be written as JSON. */
export interface ChildTask {
  variant: RuntimeVariant;
  members: string;
  /** It stands still for ever at the first sign of progress in this. */
  freezeIn?: 'unpack' | undefined;
}

const { variant, members, freezeIn } = JSON.parse(process.argv[2] ?? '') as ChildTask;
const wheels = variant.wheels.map((wheel) => ({ ...wheel, members: new RegExp(members) }));

const emit = (event: ToolkitEvent): void => {
  writeSync(1, `${JSON.stringify(event)}\n`);
  if (event.event === 'progress' && event.task === freezeIn) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
};

void installRuntime({ ...variant, wheels }, process.env, silentContext({ emit }));
