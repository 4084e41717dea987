// Measures the server: node bench/serving/bench.mjs FOLDER CHECKPOINT [throughput|memory|start …]
// FOLDER is where a checkpoint and prepared data lie, as `mnist train` leaves them. Build first. Prints one JSON object a line.
// Throughput is measured with `wrk`, if it is installed: our own client takes more of the cores that it shares with the server.
import { randomBytes } from 'node:crypto';

import { inferBytes, load } from './client.mjs';
import { wrk } from './wrk.mjs';
import { residentMiB, startServer } from './server.mjs';

const [folder, checkpoint, ...names] = process.argv.slice(2);
if (folder === undefined || checkpoint === undefined)
  throw new Error('usage: bench.mjs FOLDER CHECKPOINT [NAME …]');
const SECONDS = Number(process.env.BENCH_SECONDS ?? 20);
const request = inferBytes(randomBytes(784));
const print = (name, figures) => console.log(JSON.stringify({ name, ...figures }));

const measurements = {
  async start() {
    const server = await startServer([checkpoint, '--name', 'mnist'], folder);
    const { notGood } = await load({ port: server.port, connections: 1, request, requests: 1 });
    const firstAnswer = (performance.now() - server.started) / 1000;
    print('start', { listening: server.listeningAfter, firstAnswer, notGood, exitCode: await server.stop() });
  },
  async throughput() {
    const figures = {};
    for (const [name, words] of [
      ['batched', []],
      ['unbatched', ['--max-batch', '1']],
    ]) {
      const server = await startServer([checkpoint, '--name', 'mnist', '--no-drift', ...words], folder);
      await load({ port: server.port, connections: 32, request, seconds: 2 });
      await server.metrics();
      figures[name] =
        wrk(server.url, request, { connections: 32, seconds: SECONDS }) ??
        (await load({ port: server.port, connections: 32, request, seconds: SECONDS }));
      const metrics = await server.metrics();
      const delay = metrics.get('mnist_event_loop_delay_seconds{quantile="0.99"}') * 1000;
      const images = metrics.get('mnist_batch_images_sum') / metrics.get('mnist_batch_images_count');
      print(name, { ...figures[name], eventLoopDelayP99Ms: delay, imagesABatch: images });
      await server.stop();
    }
    print('gain', { batching: figures.batched.perSecond / figures.unbatched.perSecond });
  },
  async memory() {
    const server = await startServer([checkpoint, '--name', 'mnist'], folder);
    const resident = [];
    for (let part = 0; part < 10; part++) {
      await load({ port: server.port, connections: 32, request, requests: 20_000 });
      resident.push(await residentMiB(server.pid));
    }
    print('memory', { requests: 200_000, residentMiB: resident });
    await server.stop();
  },
};

for (const name of names.length > 0 ? names : Object.keys(measurements)) await measurements[name]();
