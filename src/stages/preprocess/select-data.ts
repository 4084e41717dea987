import type { PreparedDescription } from '../../artifacts/prepared.js';
import { findRaw } from '../../artifacts/raw.js';
import { ToolkitError } from '../../core/errors.js';
import { sha256 } from '../../core/hashing.js';
import { chosenClasses, selectClasses } from '../../data/preparation/selection.js';
import type { CleanedData } from './clean-data.js';
import type { PreprocessOptions } from './preprocess-options.js';

/** What of a data set is prepared: all of it, or some classes or images under a name of their own. */
export interface SelectedData extends Pick<CleanedData, 'train' | 'test'> {
  dataset: string;
  classNames: string[];
  origin: CleanedData['origin'] & Pick<PreparedDescription, 'selection'>;
}

/** Throws USAGE where a selection has no name, or that of a data set that was collected. */
export async function requireOwnName({
  as,
  classes,
  imagesPerClass,
  dataDir,
}: PreprocessOptions): Promise<void> {
  const isSelection = classes !== undefined || imagesPerClass !== undefined;
  if (isSelection === (as !== undefined) && !(as !== undefined && (await findRaw(dataDir, as)))) return;
  const message = !isSelection
    ? `nothing is selected that could be named "${as ?? ''}"`
    : as === undefined
      ? 'a selection of classes or images needs a name of its own'
      : `"${as}" is a data set that was collected`;
  throw new ToolkitError('USAGE', { message, hint: 'for example: --classes 0-4 --as mnist-low' });
}

/** Selects from a data set after cleaning, as the options say. All test images of the classes stay. Throws USAGE. */
export function selectData(
  data: CleanedData,
  classNames: string[],
  { dataset, as, classes: wanted, imagesPerClass, seed }: PreprocessOptions,
): SelectedData {
  const { train, test, origin } = data;
  if (as === undefined) return { dataset, classNames, train, test, origin };
  const classes = wanted ? chosenClasses(wanted, classNames) : classNames.map((_, label) => label);
  const selection = { dataset, classes: classes.map((label) => classNames[label]!), imagesPerClass };
  return {
    dataset: as,
    classNames: selection.classes,
    train: selectClasses(train, classes, imagesPerClass, seed),
    test: selectClasses(test, classes, undefined, seed),
    origin: {
      ...origin,
      fingerprint: sha256(origin.fingerprint, JSON.stringify({ ...selection, seed })),
      selection,
    },
  };
}
