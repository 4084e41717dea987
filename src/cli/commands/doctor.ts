import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import type { Check } from '../../stages/runtime/check.js';
import { diagnose } from '../../stages/runtime/doctor.js';
import type { Style } from '../terminal/style.js';
import { defineCommand, withCommonOptions } from '../command.js';

export const doctorCommand = defineCommand({
  summary: 'check this machine and suggest fixes',
  positionals: [],
  space: withCommonOptions(z.strictObject({})),
  examples: [['mnist doctor', 'checks Node, npm, pip, disk, driver, GPU, runtime and backends']],
  async run({ options, environment, context }) {
    const diagnosis = await diagnose(
      { dataDir: options.dataDir, runtime: options.runtime },
      environment,
      context,
    );
    return {
      data: diagnosis,
      text: (style) => diagnosis.checks.map((check) => checkLine(check, style)).join('\n'),
      failure: diagnosis.usable
        ? undefined
        : new ToolkitError('BACKEND_UNAVAILABLE', {
            backend: 'auto',
            reason: 'no backend works on this machine',
            hint: 'fix the problems that "mnist doctor" lists',
          }),
    };
  },
});

function checkLine({ name, status, found, advice }: Check, { green, yellow, red, dim }: Style): string {
  const mark = { ok: green('ok     '), warning: yellow('warning'), problem: red('problem') }[status];
  const what = advice === null ? '' : status === 'ok' ? dim(` — ${advice}`) : ` — ${advice}`;
  return `${mark}  ${name.padEnd(19)} ${found}${what}`;
}
