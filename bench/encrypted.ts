// Encrypts test images of MNIST, classifies them encrypted, decrypts the answers, and compares each with the same network without
// encryption: time, sizes, errors, classes, accuracy. Node.js 22 or later.
//   npm run bench:encrypted -- FOLDER [IMAGES] [DATA]   (FOLDER of "mnist deploy --to encrypted")
import { cpus } from 'node:os';

import { findPrepared } from '../src/artifacts/prepared.js';
import { silentContext } from '../src/core/events.js';
import { pixelsPerImage, rowOf } from '../src/core/images.js';
import { EncryptionClient } from '../src/deployment/encrypted/client.js';
import { EncryptedEvaluator } from '../src/deployment/encrypted/evaluator.js';
import { readEncryptedModel } from '../src/deployment/encrypted/folder.js';
import { loadSeal } from '../src/deployment/encrypted/load-seal.js';
import { classifyPlain } from '../src/deployment/encrypted/plain-model.js';

const [folder = '', count = '1000', dataDir = 'data'] = process.argv.slice(2);
const IMAGES = Number(count);

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const argmax = (values: ArrayLike<number>): number => {
  const all = Array.from(values);
  return all.indexOf(Math.max(...all));
};

/** What a piece of work takes, in milliseconds: on the clock, and of processors. */
async function measured<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; wall: number; cpu: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  return { result, wall: performance.now() - start, cpu: (user + system) / 1000 };
}

const loaded = await readEncryptedModel(folder);
const { model } = loaded;
const data = await findPrepared(dataDir, model.description.data.dataset);
if (!data) throw new Error(`${dataDir} has no prepared ${model.description.data.dataset}`);
const seal = await loadSeal(silentContext());
const client = EncryptionClient.create(seal, model);
const started = await measured(() => Promise.resolve(new EncryptedEvaluator(seal, model, loaded.packed)));
const evaluator = started.result;
const keys = await measured(() => client.evaluationKeysFile());
const added = await measured(() => evaluator.addKeys(keys.result));
say(`${cpus()[0]?.model ?? ''}, Node.js ${process.version}`);
say(
  `weights encoded in ${started.wall.toFixed(0)} ms; keys of ${(keys.result.length / 1e6).toFixed(1)} MB made in ${keys.wall.toFixed(0)} ms and taken in ${added.wall.toFixed(0)} ms`,
);

const size = pixelsPerImage(model.description.shape);
const classes = model.description.classNames.length;
const times: { encrypt: number; wall: number; cpu: number; decrypt: number }[] = [];
let [worst, same, right, up, down] = [0, 0, 0, 0, 0];
for (let image = 0; image < IMAGES; image++) {
  const pixels = rowOf(data.test.pixels, image, size);
  const expected = classifyPlain(loaded, { count: 1, pixels });
  const encrypted = await measured(() => client.encrypt(pixels));
  const answer = await measured(() => evaluator.classify(encrypted.result));
  const decrypted = await measured(() => client.decrypt(answer.result));
  const logits = decrypted.result;
  worst = Math.max(
    worst,
    ...Array.from({ length: classes }, (_, index) => Math.abs(logits[index]! - expected[index]!)),
  );
  if (argmax(logits) === argmax(expected)) same++;
  if (argmax(logits) === data.test.labels[image]) right++;
  [up, down] = [encrypted.result.length, answer.result.length];
  times.push({ encrypt: encrypted.wall, wall: answer.wall, cpu: answer.cpu, decrypt: decrypted.wall });
  if ((image + 1) % 50 === 0)
    say(`${image + 1} images: largest error ${worst.toExponential(2)}, same class ${same}, right ${right}`);
}
const median = (of: keyof (typeof times)[number]): number =>
  times.map((time) => time[of]).sort((a, b) => a - b)[times.length >> 1]!;
const least = (of: keyof (typeof times)[number]): number => Math.min(...times.map((time) => time[of]));
say(
  `${IMAGES} images: same class as without encryption ${same}, right ${right}, largest error of a logit ${worst.toExponential(2)}`,
);
say(
  `image: encrypt ${median('encrypt').toFixed(0)} ms, up ${(up / 1e3).toFixed(0)} kB, down ${(down / 1e3).toFixed(0)} kB, decrypt ${median('decrypt').toFixed(0)} ms`,
);
say(
  `classify: median ${median('wall').toFixed(0)} ms (${median('cpu').toFixed(0)} ms of processors), least ${least('wall').toFixed(0)} ms (${least('cpu').toFixed(0)} ms); ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB resident`,
);
