import { z } from 'zod';

import { version } from '../../core/version.js';
import { ONNX_RUNTIME } from '../../engine/onnx-runtime/pinned-files.js';

/** The model's file in the image. */
export const MODEL_FILE = 'model.safetensors';
export const PORT = 8080;
/** A user id that nothing else uses. */
export const USER = 10_001;

/** The option that names the image of a target. */
export function imageOption(fallback: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .regex(/^[a-z0-9]+([._/:-][a-z0-9]+)*$/)
    .default(fallback)
    .meta({
      description: 'name of the Docker image',
      allowed: 'NAME:TAG of lowercase letters, digits and separators',
    });
}

/**
 * The first stage of a Dockerfile: installs this package in /app, with runtimes and the files beside the Dockerfile.
 *
 * @param runtimes the words of `mnist runtime install`, for each runtime
 * @param packages further packages of npm
 */
export function buildStage(runtimes: readonly string[], packages = ''): string {
  const installed = runtimes.map((words) => ` \\\n && npx mnist runtime install ${words} --quiet`).join('');
  return `FROM node:22-bookworm AS build
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends python3-pip \\
 && rm -rf /var/lib/apt/lists/*
# A published version, or an archive of "npm pack" beside this file: --build-arg PACKAGE=./mnist-train-${version}.tgz
ARG PACKAGE=mnist-train@${version}
ENV XDG_CACHE_HOME=/app/cache
WORKDIR /app
COPY . /app/
RUN npm install --omit=dev --omit=peer --ignore-scripts --no-audit --no-fund "\${PACKAGE}"${packages}${installed}`;
}

/**
 * The Dockerfile of a server with its model inside. TensorFlow is installed while the image is built, so the container needs neither
 * a network nor a writable file system.
 *
 * @param inBrowser whether the page needs ONNX Runtime to run the model in a browser
 * @param words further options of the server
 */
export function dockerfile({
  inBrowser,
  words = [],
}: {
  inBrowser: boolean;
  words?: readonly string[];
}): string {
  const page = inBrowser ? ` ${ONNX_RUNTIME}` : '';
  return `# Serves a trained model. The build needs a network; the container does not.
${buildStage(['--variant cpu'], page)}

FROM node:22-bookworm-slim
# The user is not in /etc/passwd, so not every container runtime gives it a home.
ENV HOME=/app NODE_ENV=production XDG_CACHE_HOME=/app/cache MNIST_OFFLINE=1
COPY --from=build /app /app
WORKDIR /app
USER ${USER}:${USER}
EXPOSE ${PORT}
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \\
  CMD ["node", "-e", "fetch('http://127.0.0.1:${PORT}/v2/health/live').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "node_modules/mnist-train/bin/mnist.js"]
CMD ${JSON.stringify([...serveWords(), ...words])}
`;
}

/** The files that are not sent to the builder. */
export function dockerignore(): string {
  return ['kubernetes', 'compose.yaml', 'README.md', 'manifest.json', 'tokens.json', 'models', ''].join('\n');
}

/** The arguments of mnist that start the server. Other machines can reach it, so it asks for tokens. */
function serveWords(): string[] {
  return [
    ...['serve', `/app/${MODEL_FILE}`, '--host', '0.0.0.0', '--port', String(PORT)],
    ...['--tokens-file', '/run/secrets/tokens.json', '--drain-delay', '5', '--log-level', 'info'],
  ];
}
