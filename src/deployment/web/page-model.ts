import type { PreparationName } from '../../data/imaging/prepare.js';
import type { RuntimeName } from '../../engine/onnx-runtime/builds.js';
import type { DecisionRule } from '../../evaluation/decisions/rule.js';

/**
 * The description of a model for the page: the server's answer to `GET /model/description`, and `model.json` of a web
 * bundle. The page is compiled for browsers, so this file needs nothing of Node.js.
 */
export interface PageModel {
  /** The name that the server has for it, and those of all models that it serves; left out where there is no server. */
  name?: string;
  models?: readonly string[];
  version: string;
  run: string;
  classNames: readonly string[];
  shape: { height: number; width: number; channels: number };
  /** Pixel × scale + offset. */
  preprocessing: { scale: number; offset: number };
  /** How a picture is prepared for the model. */
  preparation: PreparationName;
  model: { name: string; description: string };
  /** The activation, where the model is dense layers on raw pixels alone; else null. */
  denseActivation: string | null;
  /** How logits become decisions. */
  rule: DecisionRule;
  /** Which builds of ONNX Runtime lie in `runtime/`, the preferred one first. */
  runtimes: readonly RuntimeName[];
  /** Whether the server takes encrypted images, too; missing where there is none. */
  takesEncrypted?: boolean;
}

/** An image that the page offers to try. */
export interface PageExample {
  /** The class that it shows. */
  label: string;
  /** The image as a `data:` address. */
  image: string;
}

/** The activations that the page can compute by itself. */
export type DenseActivation = 'relu' | 'tanh' | 'sigmoid';

const DENSE_ACTIVATIONS: Readonly<Record<DenseActivation, true>> = { relu: true, tanh: true, sigmoid: true };

/** Whether the page computes a model by itself: dense layers alone need no runtime of 14 MB. */
export function isDense({ denseActivation }: Pick<PageModel, 'denseActivation'>): boolean {
  return denseActivation !== null && denseActivation in DENSE_ACTIVATIONS;
}
