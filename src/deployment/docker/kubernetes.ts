import { escapeJson } from '../../core/formats/unsafe-characters.js';
import { PORT, USER } from './image.js';

const APP = 'mnist-classifier';

/** A Deployment: two servers that are probed, limited, and can change nothing. */
export function deploymentManifest(image: string, run: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${APP}
  labels: { app: ${APP} }
  annotations:
    mnist-train/run: ${escapeJson(JSON.stringify(run))}
spec:
  replicas: 2
  selector:
    matchLabels: { app: ${APP} }
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  template:
    metadata:
      labels: { app: ${APP} }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: ${USER}
        runAsGroup: ${USER}
        fsGroup: ${USER}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: server
          image: ${JSON.stringify(image)}
          ports:
            - { name: http, containerPort: ${PORT} }
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: { drop: ["ALL"] }
          resources:
            requests: { cpu: 500m, memory: 512Mi }
            limits: { cpu: "2", memory: 1Gi }
          startupProbe:
            httpGet: { path: /v2/health/live, port: http }
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            httpGet: { path: /v2/health/live, port: http }
            periodSeconds: 10
            timeoutSeconds: 3
          readinessProbe:
            httpGet: { path: /v2/health/ready, port: http }
            periodSeconds: 2
            timeoutSeconds: 3
          volumeMounts:
            - { name: scratch, mountPath: /tmp }
            - { name: tokens, mountPath: /run/secrets, readOnly: true }
      volumes:
        - name: scratch
          emptyDir: { medium: Memory, sizeLimit: 64Mi }
        - name: tokens
          # 0440: read by the server's group alone; it refuses tokens that everybody can read.
          secret: { secretName: ${APP}-tokens, defaultMode: 288 }
`;
}

/** A Service, and a PodDisruptionBudget that keeps one server during maintenance. */
export function serviceManifest(): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${APP}
  labels: { app: ${APP} }
spec:
  selector: { app: ${APP} }
  ports:
    - { name: http, port: 80, targetPort: http }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${APP}
spec:
  minAvailable: 1
  selector:
    matchLabels: { app: ${APP} }
`;
}

/** The README of the folder. */
export function deploymentGuide(image: string): string {
  return `# A server with its model inside

Made by \`mnist deploy --to docker\`. \`manifest.json\` names the checkpoint and holds the hash of every file.

    mnist tokens create --label my-laptop --tokens-file tokens.json    # prints a token; the file holds its hash
    sudo chown ${USER}:${USER} tokens.json    # the container's user, who alone may read it; needed where Docker runs as root
    docker compose up --build --detach
    curl --fail http://127.0.0.1:${PORT}/v2/health/ready

In Kubernetes, once the image \`${image}\` is in a registry that the cluster can pull from:

    sudo cat tokens.json | kubectl create secret generic ${APP}-tokens --from-file=tokens.json=/dev/stdin
    kubectl apply -f kubernetes/
`;
}
