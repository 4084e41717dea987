/** How a classifier does on the images of one class. */
export interface ClassMetrics {
  name: string;
  /** Of the images called this class, the share that is. */
  precision: number;
  /** Of the images of this class, the share that was found. */
  recall: number;
  /** The harmonic mean of the two. */
  f1: number;
  /** How many images of this class there are. */
  support: number;
}

/** How a classifier does on some images. */
export interface ClassificationMetrics {
  /** How many images. */
  n: number;
  /** Share of correct predictions. */
  accuracy: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Unweighted means over the classes. */
  macro: { precision: number; recall: number; f1: number };
  perClass: ClassMetrics[];
  /** Row: the true class; column: the predicted one. */
  confusion: number[][];
}

/**
 * Metrics from logits, computed in double precision. The predicted class is the one with the highest logit, among equals the
 * first. A ratio whose denominator is 0 counts as 0, as in scikit-learn.
 *
 * @param logits row by row: [labels.length, classNames.length]
 */
export function classificationMetrics(
  logits: Float32Array,
  labels: Uint8Array,
  classNames: readonly string[],
): ClassificationMetrics {
  const tally = new ClassificationTally(classNames);
  tally.add(logits, labels);
  return tally.metrics();
}

/** Counts what a classifier makes of images that need not be in memory together. */
export class ClassificationTally {
  readonly #classNames: readonly string[];
  readonly #confusion: number[][];
  #loss = 0;
  #n = 0;

  constructor(classNames: readonly string[]) {
    this.#classNames = classNames;
    this.#confusion = classNames.map(() => new Array<number>(classNames.length).fill(0));
  }

  /** Adds images by their logits, row by row: [labels.length, classes]. */
  add(logits: Float32Array, labels: Uint8Array): void {
    const classes = this.#classNames.length;
    labels.forEach((label, index) => {
      const row = logits.subarray(index * classes, (index + 1) * classes);
      this.#confusion[label]![indexOfMaximum(row)]! += 1;
      this.#loss += crossEntropy(row, label);
    });
    this.#n += labels.length;
  }

  metrics(): ClassificationMetrics {
    const confusion = this.#confusion;
    const perClass = this.#classNames.map((name, index) => classMetrics(name, index, confusion));
    const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0);
    return {
      n: this.#n,
      accuracy: ratio(correct, this.#n),
      loss: ratio(this.#loss, this.#n),
      macro: {
        precision: mean(perClass.map(({ precision }) => precision)),
        recall: mean(perClass.map(({ recall }) => recall)),
        f1: mean(perClass.map(({ f1 }) => f1)),
      },
      perClass,
      confusion,
    };
  }
}

/** −log softmax(logits)[label], in nats, without overflow. */
export function crossEntropy(logits: Float32Array, label: number): number {
  const maximum = logits[indexOfMaximum(logits)]!;
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - maximum), 0);
  // In this order, because a large maximum would swallow the digits of the logarithm.
  return Math.log(sum) + (maximum - logits[label]!);
}

/** Where the highest value stands; the first one, where there are several. */
export function indexOfMaximum(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}

function classMetrics(name: string, index: number, confusion: readonly number[][]): ClassMetrics {
  const found = confusion[index]![index]!;
  const support = confusion[index]!.reduce((sum, count) => sum + count, 0);
  const predicted = confusion.reduce((sum, row) => sum + row[index]!, 0);
  const precision = ratio(found, predicted);
  const recall = ratio(found, support);
  return { name, precision, recall, f1: ratio(2 * found, support + predicted), support };
}

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function mean(values: readonly number[]): number {
  return ratio(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  );
}
