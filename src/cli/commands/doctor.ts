import { ToolkitError } from '../../core/errors.js';
import type { Check } from '../../stages/runtime/check.js';
import { diagnose } from '../../stages/runtime/doctor.js';
import type { Style } from '../terminal/style.js';
import { commonFields, defineCommand } from '../command.js';

export const doctorCommand = defineCommand({
  summary: 'say what works on this machine, what does not and why',
  positionals: [],
  space: { fields: commonFields, choices: {} },
  examples: [['mnist doctor', 'Node, npm, pip, disk, driver, GPU, runtime and backends']],
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
            reason: 'none of the backends works on this machine',
            hint: 'mend the problems that "mnist doctor" lists',
          }),
    };
  },
});

function checkLine({ name, status, found, advice }: Check, { green, yellow, red, dim }: Style): string {
  const mark = { ok: green('ok     '), warning: yellow('warning'), problem: red('problem') }[status];
  const what = advice === null ? '' : status === 'ok' ? dim(` — ${advice}`) : ` — ${advice}`;
  return `${mark}  ${name.padEnd(19)} ${found}${what}`;
}
