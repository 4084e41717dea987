import { decodeBmp, decodeGif, decodeImage, decodeJpeg, decodePng, encodeJpeg, encodePng } from './images.js';
import { getNumOfSavedModels, loadSavedModel } from './load-saved-model.js';
import { getMetaGraphsFromSavedModel } from './saved-model-file.js';
import { summaryFileWriter } from './summary-file-writer.js';
import type { tensorBoardFor } from './tensor-board.js';

const functions = {
  decodeBmp,
  decodeGif,
  decodeImage,
  decodeJpeg,
  decodePng,
  encodeJpeg,
  encodePng,
  getMetaGraphsFromSavedModel,
  getNumOfSavedModels,
  loadSavedModel,
  summaryFileWriter,
};

/** `tf.node`. */
export type NodeApi = typeof functions & {
  /** Creates a callback for `fit` that writes losses and metrics for TensorBoard to `train` and `val` in a folder. */
  tensorBoard: ReturnType<typeof tensorBoardFor>;
};

/** Creates `tf.node`; the callbacks extend a class of the program's own tfjs. */
export function nodeApi(tensorBoard: NodeApi['tensorBoard']): NodeApi {
  return { ...functions, tensorBoard };
}
