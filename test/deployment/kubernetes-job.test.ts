import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

import type { CheckpointDescription } from '../../src/artifacts/checkpoint.js';
import { exists } from '../../src/core/files.js';
import { findProgram } from '../../src/core/programs.js';
import { jobGuide } from '../../src/deployment/kubernetes-job/guide.js';
import {
  jobDockerfile,
  launcherScript,
  sshConfig,
  sshdConfig,
} from '../../src/deployment/kubernetes-job/image.js';
import {
  filesManifest,
  jobManifest,
  networkManifest,
  volumeManifest,
} from '../../src/deployment/kubernetes-job/manifests.js';
import { jobName } from '../../src/deployment/targets/kubernetes-job.js';
import { trainingRecipe } from '../../src/stages/deploy/training-recipe.js';
import { resolveTrainOptions } from '../../src/stages/train/train-options.js';
import mpiJob from '../fixtures/mpijob.json' with { type: 'json' };
import { checkpointDescription } from '../support/checkpoints.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { HOSTILE_NAMES, UNSEEN } from '../support/hostile-names.js';

const PLAN = {
  ...{ name: 'train-digits', image: 'registry.example/digits:3', run: 'digits', start: 'new' as const },
  ...{ workers: 8, cpus: 2, memory: '3Gi', words: ['--epochs', '7'] },
};

/** What the tests look at, of a template of pods. */
interface Template {
  metadata: { labels: object };
  spec: {
    securityContext: { runAsUser: number };
    containers: [Record<string, unknown>];
    volumes: { name: string }[];
  };
}

interface Job {
  apiVersion: string;
  kind: string;
  spec: {
    sshAuthMountPath: string;
    mpiImplementation: string;
    mpiReplicaSpecs: Record<'Launcher' | 'Worker', { replicas: number; template: Template }>;
  };
}

const job = parse(jobManifest(PLAN)) as Job;
const { Launcher, Worker } = job.spec.mpiReplicaSpecs;

describe('the job', () => {
  it('is an MPIJob as the operator defines it', () => {
    expect([job.apiVersion, job.kind]).toEqual([`${mpiJob.group}/${mpiJob.version}`, mpiJob.kind]);
    const schema = z.fromJSONSchema(mpiJob.schema as Parameters<typeof z.fromJSONSchema>[0]);
    expect(schema.safeParse(job).error).toBeUndefined();
    const { error } = schema.safeParse({ ...job, spec: { ...job.spec, slots: 1, slotsPerWorker: 'one' } });
    expect(error?.issues).toMatchObject([{ path: ['spec', 'slotsPerWorker'] }, { keys: ['slots'] }]);
  });

  it('has a launcher, and as many workers as were asked for, of their size', () => {
    expect([Launcher.replicas, Worker.replicas]).toEqual([1, 8]);
    const [launcher] = Launcher.template.spec.containers;
    const [worker] = Worker.template.spec.containers;
    expect(launcher['args']).toEqual(['--device', 'cpu', '--threads', '2', '--epochs', '7']);
    const size = { cpu: '2', memory: '3Gi' };
    expect(worker['resources']).toEqual({ requests: size, limits: size });
  });

  it('gives no container rights or a writable file system', () => {
    const files = parse(filesManifest(PLAN)) as Template;
    for (const { spec } of [Launcher.template, Worker.template, files]) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      const [container] = spec.containers;
      expect(container).toMatchObject({
        image: PLAN.image,
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      });
      const mounts = (container['volumeMounts'] as { name: string }[]).map(({ name }) => name);
      expect(mounts).toEqual(spec.volumes.map(({ name }) => name));
    }
  });

  it('has one user, one folder of keys and one port in image, manifests and sshd', () => {
    const image = jobDockerfile();
    const { runAsUser } = Worker.template.spec.securityContext;
    const user = new RegExp(String.raw`useradd --uid ${runAsUser} .* (\w+) \\$`, 'm').exec(image)?.[1];
    expect(image).toContain(`USER ${runAsUser}:${runAsUser}\n`);
    expect(sshdConfig()).toContain(`AllowUsers ${user}\n`);
    expect(job.spec.sshAuthMountPath).toBe(`/home/${user}/.ssh`);
    for (const config of [sshdConfig(), sshConfig()]) {
      expect(config).toContain(`${job.spec.sshAuthMountPath}/id_rsa\n`);
      const [{ ports }] = Worker.template.spec.containers as [{ ports?: unknown }];
      expect(ports).toEqual([{ name: 'ssh', containerPort: Number(/Port (\d+)/.exec(config)![1]) }]);
    }
    // The operator writes the hosts as this family of MPI reads them, and the image has its launcher.
    expect(job.spec.mpiImplementation).toBe('MPICH');
    expect(image).toContain('mnist runtime install --mpi');
    expect(image).toContain('rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*');
  });

  it('lets its own pods alone reach each other', () => {
    const { spec } = parse(networkManifest(PLAN)) as { spec: Record<string, unknown> };
    const podSelector = { matchLabels: Worker.template.metadata.labels };
    expect(Launcher.template.metadata.labels).toEqual(podSelector.matchLabels);
    expect(spec).toEqual({ podSelector, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector }] }] });
  });

  it('and all that belongs to it pass kubernetes-validate', async ({ skip }) => {
    const program = await findProgram('kubernetes-validate', process.env);
    if (program === undefined) skip('no kubernetes-validate: pip install kubernetes-validate');
    const pods = [Launcher, Worker].map(({ template }) =>
      stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        ...template,
        metadata: { name: 'pod', ...template.metadata },
      }),
    );
    const path = join(await temporaryFolder(), 'all.yaml');
    const all = [...pods, volumeManifest(PLAN), filesManifest(PLAN), networkManifest(PLAN)];
    await writeFile(path, all.join('---\n'));
    const { stdout, stderr } = await promisify(execFile)(program!, ['--strict', path]);
    expect(`${stdout}${stderr}`.match(/ passed /g)).toHaveLength(all.length);
  });
});

describe('the name of a job', () => {
  it.each(['a', 'My_Run.2', '-', '0'.repeat(100), `${'a'.repeat(39)}.b`, ...HOSTILE_NAMES])(
    'of %j',
    (run) => {
      const name = jobName(run);
      // As Kubernetes wants the host names of pods (RFC 1035), with the largest number of workers.
      expect(`${name}-worker-1023`).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
      expect(jobGuide({ ...PLAN, name }, 'mine')).not.toMatch(UNSEEN);
    },
  );
});

describe('the launcher', () => {
  /** Runs its script with folders of the test's, and programs that only say how they were called. */
  async function launch(variables: object, prepare: (folder: string) => Promise<void>): Promise<string[]> {
    const folder = await temporaryFolder();
    for (const place of ['etc', 'work', 'app/run', 'bin'])
      await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, 'etc/hostfile'), 'w-0.digits.ns.svc:1\nw-1.digits.ns.svc:1\n');
    for (const [name, body] of [
      ['getent', ''],
      ['mpiexec.hydra', `printf '%s\\n' "$@"`],
    ] as const) {
      await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`);
      await chmod(join(folder, 'bin', name), 0o755);
    }
    await prepare(folder);
    const script = launcherScript()
      .replaceAll('/etc/mpi', join(folder, 'etc'))
      .replaceAll('/work', join(folder, 'work'))
      .replaceAll('/app', join(folder, 'app'));
    const environment = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, RUN: 'digits', ...variables };
    const words = ['-c', script, 'train.sh', '--threads', '2'];
    const { stdout } = await promisify(execFile)('/bin/sh', words, { env: environment });
    if (await exists(join(folder, 'work/checkpoints/digits'))) {
      expect(await readFile(join(folder, 'work/checkpoints/digits/last.safetensors'), 'utf8')).toBe(
        'weights',
      );
    }
    return stdout.trim().replaceAll(folder, '').split('\n');
  }

  const begun = ['-f', '/etc/hostfile', '-n', '2', 'mnist', 'train'];
  const places = ['--data-dir', '/work/data', '--checkpoints-dir', '/work/checkpoints'];
  const resumed = [...begun, ...places, '--resume', 'digits', '--threads', '2'];

  it('begins a run with its options, on all hosts', async () => {
    expect(await launch({ START: 'new' }, () => Promise.resolve())).toEqual([
      ...begun,
      ...places,
      '--config',
      '/app/config.json',
      '--run',
      'digits',
      '--threads',
      '2',
    ]);
  });

  it('goes on from the checkpoint on the volume', async () => {
    const words = await launch({ START: 'new' }, async (folder) => {
      const run = join(folder, 'work/checkpoints/digits');
      await mkdir(run, { recursive: true });
      await writeFile(join(run, 'last.safetensors'), 'weights');
    });
    expect(words).toEqual(resumed);
  });

  it('resumes from the checkpoint of the image', async () => {
    const words = await launch({ START: 'resume' }, (folder) =>
      writeFile(join(folder, 'app/run/last.safetensors'), 'weights'),
    );
    expect(words).toEqual(resumed);
  });
});

describe('the recipe of a run', () => {
  /** Of a run with other options, trained with 3 workers. */
  async function recipeOf(
    options: Record<string, unknown>,
    changes: Partial<CheckpointDescription> = {},
  ): ReturnType<typeof trainingRecipe> {
    const { flat } = await resolveTrainOptions({ hiddenLayers: [2], ...options });
    const description = checkpointDescription({ config: { ...flat }, ...changes });
    return trainingRecipe({ path: '/runs/first/best.safetensors', description, tensors: new Map() }, 3);
  }

  it('trains with its options, and not with those of its machine', async () => {
    const settings = {
      dataset: 'mine',
      epochs: 3,
      optimizer: 'momentum',
      momentum: 0.5,
      augmentShift: 2,
      seed: 9,
    };
    const local = { dataDir: '/here', threads: 7, device: 'cpu', run: 'first', checkpointsDir: '/runs' };
    const { options, dataset, folder } = await recipeOf({ ...settings, ...local });
    expect([dataset, folder]).toEqual(['mine', undefined]);
    expect(options).toMatchObject({ ...settings, hiddenLayers: [2] });
    expect(Object.keys(options).filter((key) => key in local || key === 'workers')).toEqual([]);
    const again = await resolveTrainOptions(options);
    expect(again.flat).toEqual((await resolveTrainOptions({ hiddenLayers: [2], ...settings })).flat);
  });

  it('is refused where several workers could not train it', async () => {
    const error = await toolkitError('WORKERS_UNSUPPORTED', recipeOf({ private: true }));
    expect(error.message).toContain('--private');
    expect((await toolkitError('USAGE', recipeOf({ batchSize: 2 }))).message).toContain('--batch-size 2');
  });

  it('is refused for a model that was imported', async () => {
    const origin = { format: 'keras', program: null, sha256: 'a'.repeat(64) } as never;
    const { hint } = await toolkitError('EXPORT_UNSUPPORTED', recipeOf({}, { origin }));
    expect(hint).toContain('--init-from first');
  });
});
