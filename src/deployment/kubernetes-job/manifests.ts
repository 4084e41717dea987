import { stringify } from 'yaml';

import { escapeJson } from '../../core/formats/unsafe-characters.js';
import { USER } from '../docker/image.js';
import { HOME, LAUNCHER, SSH_PORT, SSHD_CONFIG, WORK } from './image.js';

/** What the manifests of a job are made of. */
export interface JobPlan {
  /** The name of the job, and of what belongs to it. */
  name: string;
  image: string;
  workers: number;
  /** Processors of each worker. */
  cpus: number;
  /** Memory of each worker, as Kubernetes writes it. */
  memory: string;
  run: string;
  start: 'new' | 'resume';
  /** Further options of `mnist train`. */
  words: readonly string[];
}

/** Of a pod: a user without rights, to whom the volumes belong. */
const podSecurity = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Of a container. */
const containerSecurity = {
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};

const ENDING_SECONDS = 60;

/** Waits, before sshd ends and its sessions with it, until the launcher has stopped the training: it writes a checkpoint. */
const untilStopped = `while grep -qs 'bin/[m]nist' /proc/[0-9]*/cmdline; do sleep 1; done`;

/** The job: a launcher, and workers with a processor set of their own each. */
export function jobManifest(plan: JobPlan): string {
  const { name, workers, cpus, memory, run, start, words } = plan;
  const launcher = container(plan, 'launcher', {
    command: ['/bin/sh', LAUNCHER],
    args: ['--device', 'cpu', '--threads', String(cpus), ...words],
    env: [
      { name: 'RUN', value: run },
      { name: 'START', value: start },
    ],
    resources: {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '1', memory: '512Mi' },
    },
  });
  const size = { cpu: String(cpus), memory };
  const worker = container(plan, 'worker', {
    command: ['/usr/sbin/sshd', '-De', '-f', SSHD_CONFIG],
    ports: [{ name: 'ssh', containerPort: SSH_PORT }],
    readinessProbe: { tcpSocket: { port: 'ssh' }, periodSeconds: 5 },
    lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', untilStopped] } } },
    resources: { requests: size, limits: size },
  });
  return document(
    'The workers and their launcher. The MPI operator makes the pods, the keys and the list of hosts.',
    {
      apiVersion: 'kubeflow.org/v2beta1',
      kind: 'MPIJob',
      metadata: { name, labels: labelsOf(name) },
      spec: {
        mpiImplementation: 'MPICH',
        slotsPerWorker: 1,
        sshAuthMountPath: `${HOME}/.ssh`,
        launcherCreationPolicy: 'WaitForWorkersReady',
        // A launcher that fails is started again, and goes on from the last checkpoint.
        runPolicy: { cleanPodPolicy: 'Running', backoffLimit: 6 },
        mpiReplicaSpecs: {
          Launcher: { replicas: 1, restartPolicy: 'OnFailure', template: template(plan, launcher) },
          Worker: { replicas: workers, restartPolicy: 'OnFailure', template: template(plan, worker) },
        },
      },
    },
  );
}

/** The claim of the shared volume. */
export function volumeManifest({ name }: JobPlan): string {
  return document(
    'What all workers see: data sets in, runs out. Name a storage class that several nodes may write to.',
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, labels: labelsOf(name) },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } } },
    },
  );
}

/** A pod that does nothing but hold the volume, for `kubectl cp`. */
export function filesManifest(plan: JobPlan): string {
  const size = { cpu: '100m', memory: '128Mi' };
  const waiting = container(plan, 'files', {
    command: ['/bin/sh', '-c', `mkdir -p ${WORK}/data ${WORK}/checkpoints && exec sleep 86400`],
    resources: { requests: size, limits: size },
  });
  const name = filesPod(plan.name);
  const { spec } = template(plan, waiting);
  return document('Holds the volume for a day, so that "kubectl cp" can put data there and fetch runs.', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { ...spec, restartPolicy: 'Never', terminationGracePeriodSeconds: 1 },
  });
}

/** The name of the pod of `filesManifest`. */
export function filesPod(name: string): string {
  return `${name}-files`;
}

/** A rule that only pods of the job reach its pods: gradients travel without encryption. */
export function networkManifest({ name }: JobPlan): string {
  const ofJob = { podSelector: { matchLabels: labelsOf(name) } };
  return document('Only the pods of the job reach each other: MPI neither encrypts nor asks who is there.', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: labelsOf(name) },
    spec: { ...ofJob, policyTypes: ['Ingress'], ingress: [{ from: [ofJob] }] },
  });
}

function labelsOf(name: string): Record<string, string> {
  return { app: name };
}

function template({ name }: JobPlan, only: object): { metadata: object; spec: object } {
  return {
    metadata: { labels: labelsOf(name) },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: ENDING_SECONDS,
      securityContext: podSecurity,
      containers: [only],
      volumes: [
        { name: 'work', persistentVolumeClaim: { claimName: name } },
        { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
      ],
    },
  };
}

function container({ image }: JobPlan, name: string, more: object): object {
  return {
    name,
    image,
    ...more,
    securityContext: containerSecurity,
    volumeMounts: [
      { name: 'work', mountPath: WORK },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

/** A manifest that begins with what it is for. */
function document(purpose: string, content: object): string {
  const text = stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
  return `# ${purpose}\n${escapeJson(text)}`;
}
