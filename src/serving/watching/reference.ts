import { rowOf, type ImageShape } from '../../core/images.js';
import { featureNames, featuresOf, histogramOf, quantileEdges, type ImageFeature } from './statistics.js';

/** How one number is distributed in the training data. */
export interface ReferenceFeature {
  /** Sorted. */
  sample: Float64Array;
  /** The inner edges of bins with equal shares. */
  edges: readonly number[];
  counts: Float64Array;
}

/** The distributions of inputs and predictions without drift. */
export interface Reference {
  shape: ImageShape;
  features: ReadonlyMap<ImageFeature | 'confidence', ReferenceFeature>;
  /** How often each class is predicted. */
  classes: Float64Array;
}

const BINS = 10;

/** Describes images of the training data and the model's predictions for them. */
export function describeReference(
  pixels: Uint8Array,
  shape: ImageShape,
  classes: Int32Array,
  confidences: Float32Array,
  classCount: number,
): Reference {
  const size = pixels.length / classes.length;
  const rows = Array.from(classes, (_, row) => featuresOf(rowOf(pixels, row, size), shape));
  const features = new Map<ImageFeature | 'confidence', ReferenceFeature>();
  featureNames(shape).forEach((name, column) => {
    features.set(name, describeValues(Float64Array.from(rows, (row) => row[column]!)));
  });
  features.set('confidence', describeValues(Float64Array.from(confidences)));
  const counts = new Float64Array(classCount);
  for (const predicted of classes) counts[predicted]! += 1;
  return { shape, features, classes: counts };
}

/** Describes some numbers: their bins follow from them. */
export function describeValues(values: Float64Array): ReferenceFeature {
  const sample = values.toSorted();
  const edges = quantileEdges(sample, BINS);
  return { sample, edges, counts: histogramOf(sample, edges) };
}
