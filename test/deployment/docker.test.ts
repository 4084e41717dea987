import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { compose } from '../../src/deployment/docker/compose.js';
import { dockerfile, MODEL_FILE } from '../../src/deployment/docker/image.js';
import { deploymentManifest, serviceManifest } from '../../src/deployment/docker/kubernetes.js';

/** What the tests look at, of what the formats have. */
interface Kubernetes {
  kind: string;
  metadata: { annotations: Record<string, string> };
  spec: {
    selector: { matchLabels: object; app: string };
    template: {
      metadata: { labels: object };
      spec: {
        securityContext: { runAsNonRoot: boolean; runAsUser: number };
        containers: Record<string, unknown>[];
        volumes: { name: string }[];
      };
    };
  };
}

describe('the Kubernetes manifests', () => {
  const deployment = parse(deploymentManifest('registry.example/digits:3', 'run "one": #1')) as Kubernetes;
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;

  it('probe liveness and readiness where the protocol has them', () => {
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: '/v2/health/live', port: 'http' } },
      livenessProbe: { httpGet: { path: '/v2/health/live', port: 'http' } },
      readinessProbe: { httpGet: { path: '/v2/health/ready', port: 'http' } },
      ports: [{ name: 'http', containerPort: 8080 }],
    });
  });

  it('give the server no rights, no writable disk, and limits', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    expect(container).toMatchObject({
      image: 'registry.example/digits:3',
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
      resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    });
  });

  it('mount what they define, and select what they label', () => {
    const mounts = (container!['volumeMounts'] as { name: string }[]).map(({ name }) => name);
    expect(mounts).toEqual(pod.volumes.map(({ name }) => name));
    expect(deployment.spec.selector.matchLabels).toEqual(deployment.spec.template.metadata.labels);
    const documents = parseAllDocuments(serviceManifest());
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const [service, budget] = documents.map((document) => document.toJS() as Kubernetes);
    expect([service!.kind, budget!.kind]).toEqual(['Service', 'PodDisruptionBudget']);
    expect(service!.spec.selector).toEqual(deployment.spec.template.metadata.labels);
    expect(budget!.spec.selector.matchLabels).toEqual(deployment.spec.template.metadata.labels);
  });

  it('keep the name of the run, whatever is in it', () => {
    expect(deployment.metadata.annotations['mnist-train/run']).toBe('run "one": #1');
  });
});

it('the compose file runs it read-only, without rights, on this machine alone', () => {
  const { services } = parse(compose('digits:3')) as { services: { classifier: Record<string, unknown> } };
  expect(services.classifier).toMatchObject({
    image: 'digits:3',
    ports: ['127.0.0.1:8080:8080'],
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    deploy: { resources: { limits: { memory: '1G' } } },
  });
  expect(services.classifier['user']).toMatch(/^[1-9]\d+:[1-9]\d+$/);
});

it('the Dockerfile ends with a server that is not root and serves the model', () => {
  const lines = dockerfile({ inBrowser: false }).split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('FROM '));
  const final = lines.slice(last);
  expect(final.find((line) => line.startsWith('USER '))).toMatch(/^USER [1-9]\d+:[1-9]\d+$/);
  const words = (start: string): string[] =>
    JSON.parse(final.find((line) => line.startsWith(start))!.slice(start.length)) as string[];
  expect(words('ENTRYPOINT ')).toEqual(['node', 'node_modules/mnist-train/bin/mnist.js']);
  expect(words('CMD ')).toEqual(expect.arrayContaining(['serve', `/app/${MODEL_FILE}`, '--host', '0.0.0.0']));
  // The runtime is installed while there is a network, and not looked for later.
  expect(dockerfile({ inBrowser: false })).toContain('mnist runtime install --variant cpu');
  expect(final.join('\n')).toContain('MNIST_OFFLINE=1');
  expect(dockerfile({ inBrowser: false })).not.toContain('onnxruntime');
  expect(dockerfile({ inBrowser: true })).toMatch(
    /npm install .*"\$\{PACKAGE\}" onnxruntime-web@\d+\.\d+\.\d+ \\\n/,
  );
  // Node.js fails to find the home of a user that the system does not know.
  expect(final.join('\n')).toContain('HOME=/app');
});
