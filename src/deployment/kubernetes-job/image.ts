import { buildStage, USER } from '../docker/image.js';

/** The user that trains. OpenSSH needs a name. */
const USER_NAME = 'trainer';
export const HOME = `/home/${USER_NAME}`;
export const SSH_PORT = 2222;
/** The shared volume: what workers read and write. */
export const WORK = '/work';
export const DATA = `${WORK}/data`;
export const RUNS = `${WORK}/checkpoints`;
/** The command of the launcher. */
export const LAUNCHER = '/app/container/train.sh';
export const SSHD_CONFIG = '/app/container/sshd_config';
/** Where the MPI operator puts the hosts of a job. */
const HOSTS = '/etc/mpi/hostfile';

/**
 * The Dockerfile of launcher and workers: this package with TensorFlow, MPICH and OpenSSH, which the MPI operator starts workers with. Nothing is
 * fetched or written by a container, except on its volumes.
 */
export function jobDockerfile(): string {
  return `# Trains with several workers. The build needs a network; the containers need that between them alone.
${buildStage(['--variant cpu', '--mpi'])} \\
 && ln -s "$(dirname "$(find /app/cache -name mpiexec.hydra)")" /app/mpi \\
 && chmod -R a+rX,go-w /app

FROM node:22-bookworm-slim
# Host keys of an image would be known to all who have it: the operator makes those of a job.
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends openssh-client openssh-server \\
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \\
 && groupadd --gid ${USER} ${USER_NAME} \\
 && useradd --uid ${USER} --gid ${USER} --create-home --shell /bin/sh ${USER_NAME} \\
 && ln -s /app/container/ssh_config /etc/ssh/ssh_config.d/mnist-train.conf \\
 && ln -s /app/node_modules/.bin/mnist /usr/local/bin/mnist
ENV HOME=${HOME} NODE_ENV=production XDG_CACHE_HOME=/app/cache MNIST_OFFLINE=1 PATH=/app/mpi:/usr/local/bin:/usr/bin:/bin
COPY --from=build /app /app
WORKDIR /app
USER ${USER}:${USER}
EXPOSE ${SSH_PORT}
CMD ["/usr/sbin/sshd", "-De", "-f", "${SSHD_CONFIG}"]
`;
}

/** The files that are not sent to the builder. */
export function jobDockerignore(): string {
  return ['kubernetes', 'README.md', 'manifest.json', ''].join('\n');
}

/** The server that the launcher starts workers through, as a user without rights. */
export function sshdConfig(): string {
  return `Port ${SSH_PORT}
# The key that the operator makes for a job is that of its hosts, and of its user.
HostKey ${HOME}/.ssh/id_rsa
AuthorizedKeysFile ${HOME}/.ssh/authorized_keys
# The folder of keys is a mounted secret, which belongs to root.
StrictModes no
PidFile none
UsePAM no
AllowUsers ${USER_NAME}
AuthenticationMethods publickey
DisableForwarding yes
PermitTTY no
PermitUserRC no
# All workers are started at once.
MaxStartups 2048
ClientAliveInterval 5
LogLevel ERROR
`;
}

/** How the launcher reaches the workers: it accepts the key of its own job only. */
export function sshConfig(): string {
  return `Host *
  Port ${SSH_PORT}
  IdentityFile ${HOME}/.ssh/id_rsa
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile none
  GlobalKnownHostsFile none
  KnownHostsCommand /bin/sh /app/container/known-hosts.sh
  ConnectTimeout 10
  ServerAliveInterval 5
  LogLevel ERROR
`;
}

/** Tells ssh the host key of a job. */
export function knownHostsScript(): string {
  return `#!/bin/sh
# All hosts of a job have the key that the operator made for it.
printf '* %s\\n' "$(cat ${HOME}/.ssh/id_rsa.pub)"
`;
}

/** The launcher's command, which the operator runs again after a failure. RUN and START are variables of the manifest. */
export function launcherScript(): string {
  return `#!/bin/sh
# Trains with a worker on each host of the job: goes on from the last checkpoint where there is one.
# RUN is the run's name; START is new, or resume, which begins with the checkpoint of the image. The arguments are options of "mnist train".
set -eu
runs=${RUNS}

if [ "$START" = resume ] && [ ! -e "$runs/$RUN/last.safetensors" ]; then
  mkdir -p "$runs/$RUN"
  if [ -e /app/run/best.safetensors ]; then cp /app/run/best.safetensors "$runs/$RUN/"; fi
  cp /app/run/last.safetensors "$runs/$RUN/last.part"
  mv "$runs/$RUN/last.part" "$runs/$RUN/last.safetensors"
fi
if [ -e "$runs/$RUN/last.safetensors" ]; then
  set -- --resume "$RUN" "$@"
else
  set -- --config /app/config.json --run "$RUN" "$@"
fi

# The name of a host is known some time after its pod is ready.
cut -d : -f 1 ${HOSTS} | while read -r host; do
  tries=0
  until getent hosts "$host" > /dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 120 ]; then
      echo "the host $host has no address after $tries seconds" >&2
      exit 1
    fi
    sleep 1
  done
done

exec mpiexec.hydra -f ${HOSTS} -n "$(grep -c . ${HOSTS})" \\
  mnist train --data-dir ${DATA} --checkpoints-dir "$runs" "$@"
`;
}
