import type { Model } from '../model.js';

/** Stands for an ONNX model where one with layers is expected: whatever is asked of its layers is refused. */
export function modelWithoutLayers(description: string, refuse: () => never): Model {
  return {
    description,
    parameters: [],
    apply: refuse,
    get featureMaps() {
      return refuse();
    },
  };
}
