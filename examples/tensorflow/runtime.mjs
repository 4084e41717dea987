// Installs TensorFlow's libraries ahead of time, for a container image for example, and reports the progress.
import { findRuntime, installRuntime, listRuntimes } from 'mnist-train/tensorflow';

const runtime =
  (await findRuntime()) ??
  (await installRuntime({
    onProgress(event) {
      if (event.event === 'progress')
        process.stdout.write(`\r${event.task} ${event.done} of ${event.total} bytes`);
      else console.log(event.message);
    },
  }));
console.log(`TensorFlow ${runtime.version} (${runtime.variant}) in ${runtime.folder}`);

for (const { variant, version, installed, bytes } of await listRuntimes()) {
  const megabytes = Math.round(bytes / 1e6);
  console.log(
    `${variant} ${version}: ${installed ? `installed, ${megabytes} MB` : `${megabytes} MB to download`}`,
  );
}
