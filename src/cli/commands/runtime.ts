import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { installChosen, runtimeFields } from '../../stages/runtime/runtime.js';
import { findInstalledMpi, installedMpiFolder, installMpi, removeMpi } from '../../engine/mpi/install.js';
import { listRuntimes, removeInstalled } from '../../tensorflow/runtime/list.js';
import { bytes, columns } from '../terminal/format.js';
import { table } from '../terminal/table.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';
import type { Outcome } from '../terminal/reporter.js';

const actions = ['install', 'list', 'remove'] as const;

const space = withCommonOptions(
  z.strictObject({
    ...runtimeFields.shape,
    yes: z.boolean().default(false).meta({ description: 'remove without asking' }),
  }),
);

type RuntimeCall = Call<typeof space>;

export const runtimeCommand = defineCommand({
  summary: 'install, list or remove the TensorFlow runtime, and MPI',
  positionals: [{ name: 'action', description: 'action to perform', required: true, choices: actions }],
  space,
  actions: { install: { options: ['variant', 'mpi'] }, list: { options: [] }, remove: { options: ['yes'] } },
  examples: [
    ['mnist runtime install', 'install the runtime for this machine ahead of time'],
    [
      'mnist runtime install --variant cuda',
      'the CUDA runtime on a machine without a GPU, such as a build server',
    ],
    ['mnist runtime install --mpi', 'MPICH, for training with several workers'],
    ['mnist runtime list', 'installed and available runtimes'],
    ['mnist runtime remove --yes', 'free the disk space'],
  ],
  run(call) {
    const action = { install, list, remove }[call.positionals[0] as (typeof actions)[number]];
    return action(call);
  },
});

async function install(call: RuntimeCall): Promise<Outcome> {
  const { options, environment, context } = call;
  if (options.mpi) return installOnlyMpi(call);
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

async function installOnlyMpi({ options, environment, context }: RuntimeCall): Promise<Outcome> {
  if (options.variant !== 'auto') {
    throw new ToolkitError('USAGE', {
      message: `--mpi and --variant ${options.variant} cannot be combined`,
      hint: 'leave out --variant: it chooses a TensorFlow runtime',
    });
  }
  const mpi = await installMpi(environment, context);
  return {
    data: { mpi },
    text: ({ bold }) =>
      columns([
        ['MPICH', bold(mpi.version)],
        ['folder', mpi.folder],
        ['mpiexec', mpi.mpiexec],
      ]),
  };
}

async function list({ environment }: RuntimeCall): Promise<Outcome> {
  const runtimes = await listRuntimes(environment);
  const mpi = await findInstalledMpi(environment).catch(() => undefined);
  const rows = runtimes.map(
    ({ variant, version, installed, bytes: size, installedBytes, folder, problem }) => [
      variant,
      version ?? '?',
      installed ? `installed, ${problem === null ? 'verified' : 'refused'}` : 'not installed',
      installed ? bytes(size) : `${bytes(size)} download, ${bytes(installedBytes)} on disk`,
      folder,
    ],
  );
  return {
    data: { runtimes, mpi: mpi ?? null },
    text: () =>
      [
        table(['variant', 'TensorFlow', 'state', 'size', 'folder'], rows),
        ...(mpi ? [`MPICH ${mpi.version} (for --workers): ${mpi.folder}`] : []),
        ...runtimes.flatMap(({ problem }) => problem ?? []),
      ].join('\n'),
  };
}

async function remove({ options, environment, confirm }: RuntimeCall): Promise<Outcome> {
  const installed = await installedFolders(environment);
  if (!options.yes && installed.length > 0) {
    const question = `Remove ${installed.join(' and ')}?`;
    if (!confirm) {
      throw new ToolkitError('USAGE', {
        message: 'removal needs confirmation and there is no terminal',
        hint: 'add --yes',
      });
    }
    if (!(await confirm(question))) return { data: { removed: [] }, text: () => 'nothing removed' };
  }
  const removed = [...(await removeInstalled(environment)), ...(await removeMpi(environment))];
  return {
    data: { removed },
    text: () => (removed.length === 0 ? 'no runtime to remove' : `removed ${removed.join(' and ')}`),
  };
}

async function installedFolders(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const runtimes = (await listRuntimes(environment)).filter(
    ({ installed, removable }) => installed && removable,
  );
  const mpi = await installedMpiFolder(environment);
  return [...runtimes.map(({ folder }) => folder), ...(mpi === undefined ? [] : [mpi])];
}
