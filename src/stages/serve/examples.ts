import { findPrepared, preparedFile, preparedFolder, type PreparedData } from '../../artifacts/prepared.js';
import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { openArtifact } from '../../core/encryption/artifact-file.js';
import { keepKeys } from '../../core/encryption/session.js';
import { exists } from '../../core/files.js';
import { Random } from '../../core/random.js';
import { datasets } from '../../data/datasets/index.js';
import type { PageExample } from '../../deployment/web/page-model.js';
import { dataAddress, pictureAt } from '../../reports/drawing/picture.js';
import type { FindExamples } from '../../serving/http/examples.js';
import type { ServeOptions } from './serve-options.js';

/** So many images fit into two rows on a phone. */
const MOST = 12;

/**
 * Finds test images for the page of a served model. They leave the machine with the page, so `auto` shows those of published data sets
 * alone, and encrypted data, and those of a model that protects its training data, are never shown.
 */
export function exampleFinder({
  examples,
  dataDir,
}: Pick<ServeOptions, 'examples' | 'dataDir'>): FindExamples {
  return keepKeys(async (description): Promise<readonly PageExample[]> => {
    const { dataset } = description.data;
    const isPublished = [...datasets].some(({ name }) => name === dataset);
    const isAllowed = examples === 'on' || (examples === 'auto' && isPublished);
    if (!isAllowed || description.privacy !== undefined) return [];
    const data = await plainData(dataDir, dataset);
    return data && isOf(data, description) ? pickExamples(data) : [];
  });
}

/** The prepared data, where they are kept in one file that is not encrypted. */
async function plainData(dataDir: string, dataset: string): Promise<PreparedData | undefined> {
  const path = preparedFile(preparedFolder(dataDir, dataset));
  if (!(await exists(path))) return undefined;
  const file = await openArtifact(path);
  await file.close();
  return file.isEncrypted ? undefined : findPrepared(dataDir, dataset);
}

/** Whether a model was trained on some data; an imported one says only which they are. */
function isOf(
  { fingerprint, shape, classNames }: PreparedData,
  { data, origin, ...model }: CheckpointDescription,
): boolean {
  const isSame = fingerprint === data.fingerprint || origin !== undefined;
  const sides = ['height', 'width', 'channels'] as const;
  const hasShape = sides.every((side) => shape[side] === model.shape[side]);
  return isSame && hasShape && classNames.length === model.classNames.length;
}

/** Test images of as many classes as possible, in an order that tells nothing. */
async function pickExamples({ test, classNames }: PreparedData): Promise<PageExample[]> {
  const random = new Random(1, 'examples');
  const order = random.shuffle(Int32Array.from(test.labels.keys()));
  const shown = Math.min(MOST, classNames.length);
  const each = Math.floor(MOST / shown);
  const places = Array.from({ length: shown }, (_, place) => {
    const label = Math.floor((place * classNames.length) / shown);
    return [...order.filter((index) => test.labels[index] === label).subarray(0, each)];
  });
  const mixed = random.shuffle(Int32Array.from(places.flat()));
  return Promise.all(
    Array.from(mixed, async (index) => ({
      label: classNames[test.labels[index]!]!,
      image: await dataAddress(pictureAt(test, index)),
    })),
  );
}
