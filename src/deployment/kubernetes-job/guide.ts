import { RUNS, DATA } from './image.js';
import { filesPod, type JobPlan } from './manifests.js';

/** The data set that is part of the package. */
const BUILT_IN = 'mnist';

/** The README of the folder. */
export function jobGuide(plan: JobPlan, dataset: string): string {
  const { name, image, workers, cpus, memory, run, start } = plan;
  const files = filesPod(name);
  const data =
    dataset === BUILT_IN
      ? `The data set \`${dataset}\` is in the image.`
      : `The data set \`${dataset}\` has to be on the volume, as it is on this machine:\n\n    kubectl cp data/${dataset} ${files}:${DATA}/${dataset}`;
  return `# A training job for Kubernetes

Made by \`mnist deploy --to kubernetes-job\`: ${workers} ${workers === 1 ? 'worker' : 'workers'} with ${cpus} ${cpus === 1 ? 'processor' : 'processors'} and ${memory} each train the run \`${run}\`${start === 'new' ? ' anew, with the options of `config.json`' : ' further, from `run/last.safetensors`'}.
The cluster needs the [MPI operator](https://github.com/kubeflow/mpi-operator) 0.5 or later and a storage class with \`ReadWriteMany\`.

1. Build the image, and put it where the cluster can pull it from:

       docker build --tag ${image} .
       docker push ${image}

2. Make the volume. Its size and \`storageClassName\` are in \`kubernetes/volume.yaml\`.

       kubectl apply -f kubernetes/volume.yaml -f kubernetes/files.yaml
       kubectl wait --for=condition=Ready pod/${files}

   ${data.replaceAll('\n', '\n   ')}

3. Train, and watch:

       kubectl apply -f kubernetes/network.yaml -f kubernetes/job.yaml
       kubectl logs --follow job/${name}-launcher

4. Fetch the run, and clean up:

       kubectl cp ${files}:${RUNS}/${run} checkpoints/${run}
       kubectl delete -f kubernetes/job.yaml -f kubernetes/network.yaml -f kubernetes/files.yaml

   \`kubectl delete -f kubernetes/volume.yaml\` deletes the volume with all that is on it.

## To know
- **Options.** \`args\` in \`kubernetes/job.yaml\` are options of \`mnist train\` (\`--epochs 20\`); they precede \`config.json\`. The number of workers is
  \`replicas\` of \`Worker\`; batches of at least as many images are needed. \`--threads\` should be the processors of a worker.
- **START** is \`new\`, or \`resume\`, which begins with \`run/last.safetensors\` of the image. Either way the job goes on from the volume's checkpoint
  where there is one: give it another \`RUN\` to begin again.
- **Failures.** A lost worker ends the launcher, which Kubernetes starts again up to six times (\`backoffLimit\`); it goes on from the last
  checkpoint. Deleting the job stops the training with a checkpoint: apply it again to go on.
- **Rights.** All containers run as a user without rights, on a read-only file system: only the volume and \`/tmp\` can be written to. A volume that
  ignores \`fsGroup\` (some NFS) must be writable for user and group 10001.
- **Keys.** The operator makes an SSH key for the job; hosts and user have the same, and the launcher accepts no other host. sshd listens on port
  2222 and needs no rights.
- **Network.** MPI does not encrypt. \`kubernetes/network.yaml\` lets only pods of the job reach it, where the cluster's network plug-in enforces network
  policies.
- **Same processors.** Workers must compute alike: on nodes with other processors, the job ends with \`WORKER_DIFFERS\`, which names the worker. A
  \`nodeSelector\` chooses nodes of one kind.

\`manifest.json\` names the checkpoint that was deployed and holds the hash of every file.
`;
}
