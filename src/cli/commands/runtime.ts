import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { listRuntimes, installChosen, removeInstalled, runtimeFields } from '../../stages/runtime/runtime.js';
import { bytes, columns } from '../terminal/format.js';
import { table } from '../terminal/table.js';
import { commonFields, defineCommand, type Call } from '../command.js';
import type { Outcome } from '../terminal/reporter.js';

const actions = ['install', 'list', 'remove'] as const;

const space = {
  fields: z.strictObject({
    ...commonFields.shape,
    ...runtimeFields.shape,
    yes: z.boolean().default(false).meta({ description: 'remove without asking' }),
  }),
  choices: {},
};

type RuntimeCall = Call<typeof space>;

export const runtimeCommand = defineCommand({
  summary: 'install, list or remove the TensorFlow runtime',
  positionals: [{ name: 'action', description: 'what to do', required: true, choices: actions }],
  space,
  examples: [
    ['mnist runtime install', 'the runtime that suits this machine, before it is needed'],
    [
      'mnist runtime install --variant cuda',
      'the CUDA runtime, on a machine without a GPU (to build an image)',
    ],
    ['mnist runtime list', 'what is installed, and where'],
    ['mnist runtime remove --yes', 'free the disk space'],
  ],
  run(call) {
    const action = { install, list, remove }[call.positionals[0] as (typeof actions)[number]];
    return action(call);
  },
});

async function install({ options, environment, context }: RuntimeCall): Promise<Outcome> {
  const runtime = await installChosen(options, environment, context);
  const { version, variant, folder, origin } = runtime;
  return {
    data: runtime,
    text: ({ bold }) =>
      columns([
        ['TensorFlow', `${bold(version ?? 'unknown')} (${variant})`],
        ['folder', folder],
        ['origin', origin],
      ]),
  };
}

async function list({ environment }: RuntimeCall): Promise<Outcome> {
  const runtimes = await listRuntimes(environment);
  const rows = runtimes.map(({ variant, version, installed, bytes: size, folder }) => [
    variant,
    version ?? '?',
    installed ? 'installed' : 'not installed',
    installed ? bytes(size) : `${bytes(size)} to download`,
    folder,
  ]);
  return {
    data: { runtimes },
    text: () => table(['variant', 'TensorFlow', 'state', 'size', 'folder'], rows),
  };
}

async function remove({ options, environment, confirm }: RuntimeCall): Promise<Outcome> {
  const installed = (await listRuntimes(environment)).filter(
    (runtime) => runtime.installed && runtime.removable,
  );
  if (installed.length > 0 && !options.yes) {
    const question = `Remove ${installed.map(({ folder }) => folder).join(' and ')}?`;
    if (!confirm) {
      throw new ToolkitError('USAGE', {
        message: 'nothing was removed: nobody can be asked here',
        hint: 'add --yes',
      });
    }
    if (!(await confirm(question))) return { data: { removed: [] }, text: () => 'nothing was removed' };
  }
  const removed = await removeInstalled(environment);
  return {
    data: { removed },
    text: () => (removed.length === 0 ? 'there was nothing to remove' : `removed ${removed.join(' and ')}`),
  };
}
