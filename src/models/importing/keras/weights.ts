import { heldArray, type ForeignArray } from '../../../artifacts/foreign/weights/array.js';
import type { Hdf5File } from '../../../artifacts/foreign/weights/hdf5.js';

/** Where a layer is: in a model, which may be a layer of another. */
export interface LayerPath {
  /** From the outermost model inwards, what each is called. */
  readonly names: readonly string[];
  /** The same as the files of Keras 3 call them: by class, with a number from the second of a class on. */
  readonly folders: readonly string[];
}

/** Finds a weight by its layer, its name in Keras and its position among the weights of the layer. */
export type FindWeight = (layer: LayerPath, name: string, index: number) => ForeignArray | undefined;

/** The weights in a `.keras` file of Keras 3, or of Keras 2.12 and later. */
export function weightsOfKerasFile({ arrays, attributes }: Hdf5File): FindWeight {
  return ({ names, folders }, _name, index) => {
    for (const container of ['layers', '_layer_checkpoint_dependencies']) {
      const path = folders.map((folder) => `${container}/${folder}`).join('/');
      const stored = attributes.get(`${path}/vars`)?.['name'];
      if (stored !== undefined && stored !== names.at(-1)) continue;
      const array = arrays.get(`${path}/vars/${index}`);
      if (array) return heldArray(array.shape, array.values);
    }
    return undefined;
  };
}

/** The weights in an `.h5` file: of each layer of the outermost model a group, which also holds those of layers within it. */
export function weightsOfHdf5({ arrays }: Hdf5File): FindWeight {
  const paths = [...arrays.keys()];
  return ({ names }, name) => {
    const [outer, ...inner] = names;
    const found = paths.filter((path) => {
      const prefix = path.startsWith('model_weights/') ? `model_weights/${outer}/` : `${outer}/`;
      if (!path.startsWith(prefix)) return false;
      const parts = path.split('/');
      const isOfLayer = inner.length === 0 || parts.at(-2) === inner.at(-1);
      return isOfLayer && parts.at(-1)!.replace(/:\d+$/, '') === name;
    });
    const array = found.length === 1 ? arrays.get(found[0]!) : undefined;
    return array && heldArray(array.shape, array.values);
  };
}

/** The weights of a TensorFlow.js model: named by layer and weight, behind the names of the models that the layer is in. */
export function weightsByName(arrays: ReadonlyMap<string, ForeignArray>): FindWeight {
  return ({ names }, name) => {
    const end = `${names.at(-1)!}/${name}`;
    const found = [...arrays.keys()].filter((path) => path === end || path.endsWith(`/${end}`));
    const exact = found.find((path) => path === `${names.join('/')}/${name}`);
    return arrays.get(exact ?? (found.length === 1 ? found[0]! : ''));
  };
}
