import {
  add,
  concat,
  matMul,
  reshape,
  sqrt,
  square,
  sum,
  tensor2d,
  tensor3d,
  transpose,
  type Rank,
  type Tensor,
} from '@tensorflow/tfjs-core';

import {
  columnFilters,
  fourier,
  inverseFourier,
  mirrored,
  paddedLength,
  smoothing,
  type RealMatrix,
} from './matrices.js';
import { morletWavelets, type Wavelets } from './morlet.js';

/** The images of a scattering transform, and how far it goes. */
export interface ScatteringShape {
  readonly height: number;
  readonly width: number;
  /** How often images are halved. */
  readonly scales: number;
  readonly angles: number;
}

/** Keeps the derivative of a modulus finite at 0. */
const SMALLEST_SQUARE = 1e-14;

/** The number of channels: of order 0, 1 and 2. */
export function channelCount({ scales, angles }: ScatteringShape): number {
  return 1 + scales * angles + (angles ** 2 * scales * (scales - 1)) / 2;
}

/** Images with their columns in front, so that both axes are multiplied with matrices without being exchanged. */
interface Maps {
  /** [width, images, height] */
  readonly tensor: Tensor;
  readonly resolution: number;
  /** Whether they are not padded yet. */
  readonly isInput?: boolean;
}

/**
 * The scattering transform of order 2, in Kymatio's order of channels.
 *
 * A wavelet is applied in three products with matrices: the Fourier transform along rows, a filter for each horizontal frequency along
 * columns, and the inverse transform along rows. So the transform compiles, differentiates and exports like any network.
 */
export class ScatteringTransform {
  readonly #shape: ScatteringShape;
  readonly #height: number;
  readonly #width: number;
  /** Made when they are needed, for a model's size is checked before it is used; kept, for eager training applies them to each batch. */
  #wavelets: Wavelets | undefined;
  readonly #filters = new Map<string, Float32Array>();
  readonly #matrices = new Map<string, RealMatrix>();

  constructor(shape: ScatteringShape) {
    this.#shape = shape;
    this.#height = paddedLength(shape.height, shape.scales);
    this.#width = paddedLength(shape.width, shape.scales);
  }

  /** [n, height, width] to [n, channels, height/2^scales, width/2^scales]. */
  apply(images: Tensor): Tensor {
    const { scales } = this.#shape;
    const [n = 0] = images.shape;
    const input: Maps = { tensor: transpose(images, [2, 0, 1]), resolution: 0, isInput: true };
    const spectra = this.#spectra(input);
    const orders: [Tensor[], Tensor[]] = [[this.#smoothed(input)], []];
    for (let scale = 0; scale < scales; scale++) {
      const moduli = this.#moduli(spectra, input, scale);
      orders[0].push(this.#smoothed(moduli));
      if (scale + 1 < scales) orders[1].push(this.#secondOrder(moduli));
    }
    const channels = orders.flat().map((maps) => {
      const [width = 0, count = 0, height = 0] = maps.shape;
      return reshape(maps, [width, n, count / n, height]);
    });
    return transpose(concat(channels, 2), [1, 2, 3, 0]);
  }

  /** All coarser scales of the moduli at a scale: [width, n·angles·coarser scales·angles, height]. */
  #secondOrder(moduli: Maps): Tensor {
    const [, count = 0] = moduli.tensor.shape;
    const spectra = this.#spectra(moduli);
    const maps: Tensor[] = [];
    for (let scale = moduli.resolution + 1; scale < this.#shape.scales; scale++) {
      const smoothed = this.#smoothed(this.#moduli(spectra, moduli, scale));
      const [width = 0, , height = 0] = smoothed.shape;
      maps.push(reshape(smoothed, [width, count, this.#shape.angles, height]));
    }
    const all = concat(maps, 2);
    const [width = 0, , perMap = 0, height = 0] = all.shape;
    return reshape(all, [width, count * perMap, height]);
  }

  /** The Fourier transform along rows, twice, for both parts of what becomes of it: [2·width, images, 2·height]. */
  #spectra(maps: Maps): Tensor {
    const [, count = 0, height = 0] = maps.tensor.shape;
    const { columns } = this.#sources(maps);
    const transformed = fromLeft(
      this.#once(`${keyOf(maps)}: fourier`, () => fourier(columns)),
      maps.tensor,
    );
    const parts = reshape(transformed, [2, columns.length, count, height]);
    const spectrum = reshape(transpose(parts, [1, 2, 0, 3]), [columns.length, count, 2 * height]);
    return concat([spectrum, spectrum], 0);
  }

  /** The moduli of maps after the wavelets of a scale, as small as that scale allows: [width, images·angles, height]. */
  #moduli(spectra: Tensor, maps: Maps, scale: number): Maps {
    const { angles } = this.#shape;
    const [both = 0, count = 0, inputs = 0] = spectra.shape;
    const stride = 2 ** (scale - maps.resolution);
    const height = this.#height / 2 ** scale;
    const filters = tensor3d(this.#columnFilters(maps, scale), [both, inputs, angles * height]);
    const filtered = matMul(spectra, filters);
    const waves = fromLeft(
      this.#once(`${both / 2} by ${stride}`, () => inverseFourier(both / 2, stride)),
      filtered,
    );
    const parts = reshape(waves, [2, both / 2 / stride, count * angles, height]);
    return { tensor: sqrt(add(sum(square(parts), 0), SMALLEST_SQUARE)), resolution: scale };
  }

  /** The low-pass filter: [width/2^scales, images, height/2^scales]. */
  #smoothed(maps: Maps): Tensor {
    const { scales } = this.#shape;
    const { rows, columns } = this.#sources(maps);
    const { resolution } = maps;
    const smooth = (axis: string, sources: Int32Array, padded: number): RealMatrix =>
      this.#once(`${keyOf(maps)}: ${axis}`, () => smoothing(sources, padded, scales, resolution));
    const narrow = fromLeft(smooth('columns', columns, this.#width), maps.tensor);
    const [width = 0, count = 0, height = 0] = narrow.shape;
    const vertical = smooth('rows', rows, this.#height);
    const factor = tensor2d(vertical.values, [vertical.rows, vertical.columns]);
    const lines = reshape(narrow, [width * count, height]);
    return reshape(matMul(lines, factor, false, true), [width, count, vertical.rows]);
  }

  #once(key: string, make: () => RealMatrix): RealMatrix {
    const matrix = this.#matrices.get(key) ?? make();
    this.#matrices.set(key, matrix);
    return matrix;
  }

  #columnFilters(maps: Maps, scale: number): Float32Array {
    const { height, width, scales, angles } = { ...this.#shape, height: this.#height, width: this.#width };
    const { resolution } = maps;
    const key = `${keyOf(maps)}: ${scale}`;
    let filters = this.#filters.get(key);
    if (filters) return filters;
    this.#wavelets ??= morletWavelets({ height, width }, { scales, angles });
    const spectra = this.#wavelets[scale]!.map((levels) => levels[resolution]!);
    const size = { height: height / 2 ** resolution, width: width / 2 ** resolution };
    filters = columnFilters(
      { spectra, ...size, stride: 2 ** (scale - resolution) },
      this.#sources(maps).rows,
    );
    this.#filters.set(key, filters);
    return filters;
  }

  /** Where the padded rows and columns of maps come from. */
  #sources({ resolution, isInput }: Maps): { rows: Int32Array; columns: Int32Array } {
    const { height, width } = this.#shape;
    if (isInput) return { rows: mirrored(height, this.#height), columns: mirrored(width, this.#width) };
    const all = (padded: number): Int32Array =>
      Int32Array.from({ length: padded / 2 ** resolution }, (_, at) => at);
    return { rows: all(this.#height), columns: all(this.#width) };
  }
}

/** What distinguishes the matrices of maps of different sizes. */
function keyOf({ resolution, isInput }: Maps): string {
  return isInput ? 'input' : `resolution ${resolution}`;
}

/** Multiplies the first of three axes with a matrix. */
function fromLeft({ rows, columns, values }: RealMatrix, maps: Tensor): Tensor {
  const [, count = 0, last = 0] = maps.shape;
  const product = matMul(tensor2d(values, [rows, columns]), reshape<Rank.R2>(maps, [columns, count * last]));
  return reshape(product, [rows, count, last]);
}
