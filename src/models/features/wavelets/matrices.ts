import { lowPass } from './morlet.js';

/** A matrix of real numbers, row by row. */
export interface RealMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The size that a side is padded to, for a transform that halves it `scales` times. */
export function paddedLength(length: number, scales: number): number {
  const factor = 2 ** scales;
  return (Math.floor((length + factor) / factor) + 1) * factor;
}

/** Where each place of a padded line comes from: padding mirrors the line, without repeating its first and last value. */
export function mirrored(length: number, padded: number): Int32Array {
  const before = Math.floor((padded - length) / 2);
  return Int32Array.from({ length: padded }, (_, place) => {
    const distance = Math.abs(place - before);
    return distance < length ? distance : 2 * (length - 1) - distance;
  });
}

/** The Fourier transform of a real line: rows are frequencies, real parts before imaginary parts; columns are places before padding. */
export function fourier(sources: Int32Array): RealMatrix {
  const length = sources.length;
  const columns = Math.max(...sources) + 1;
  const values = new Float64Array(2 * length * columns);
  sources.forEach((source, place) => {
    for (let k = 0; k < length; k++) {
      const angle = (2 * Math.PI * ((k * place) % length)) / length;
      values[k * columns + source]! += Math.cos(angle);
      values[(length + k) * columns + source]! -= Math.sin(angle);
    }
  });
  return { rows: 2 * length, columns, values: Float32Array.from(values) };
}

/** The inverse transform of a complex line, of which each `stride`th value is kept; real parts before imaginary parts in both. */
export function inverseFourier(length: number, stride: number): RealMatrix {
  const kept = length / stride;
  const values = new Float32Array(4 * kept * length);
  for (let at = 0; at < kept * length; at++) {
    const [n, k] = [Math.floor(at / length), at % length];
    const angle = (2 * Math.PI * ((k * n * stride) % length)) / length;
    const [cosine, sine] = [Math.cos(angle) / length, Math.sin(angle) / length];
    const [upper, lower] = [n * 2 * length + k, (kept + n) * 2 * length + k];
    values[upper] = values[lower + length] = cosine;
    values[upper + length] = -sine;
    values[lower] = sine;
  }
  return { rows: 2 * kept, columns: 2 * length, values };
}

/**
 * The low-pass filter at a resolution, down to the coarsest one, without the first and the last value, which come of padding. Columns are
 * places before padding.
 */
export function smoothing(
  sources: Int32Array,
  padded: number,
  scales: number,
  resolution: number,
): RealMatrix {
  const spectrum = lowPass(padded, scales)[resolution]!;
  const { length } = spectrum;
  const kernel = Float64Array.from({ length }, (_, n) =>
    spectrum.reduce((sum, value, k) => sum + (value * Math.cos((2 * Math.PI * n * k) / length)) / length, 0),
  );
  const stride = 2 ** (scales - resolution);
  const rows = length / stride - 2;
  const columns = Math.max(...sources) + 1;
  const values = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    sources.forEach((source, place) => {
      values[row * columns + source]! += kernel[Math.abs((row + 1) * stride - place)]!;
    });
  }
  return { rows, columns, values: Float32Array.from(values) };
}

/** The filters of one scale at one resolution, and the size that they are for. */
export interface Filters {
  /** [angle]: a spectrum [height, width], row by row. */
  readonly spectra: readonly Float64Array[];
  readonly height: number;
  readonly width: number;
  readonly stride: number;
}

/**
 * What filters do to columns, at each horizontal frequency: a matrix for each part (real, imaginary) of the result and each frequency, from the
 * values of a column before padding (real parts before imaginary parts) to each `stride`th value of the filtered ones, angle by angle:
 * [2, width, 2·inputs, angles·height/stride].
 */
export function columnFilters(
  { spectra, height, width, stride }: Filters,
  sources: Int32Array,
): Float32Array {
  const inputs = Math.max(...sources) + 1;
  const kept = height / stride;
  const outputs = spectra.length * kept;
  const block = 2 * inputs * outputs;
  const values = new Float32Array(2 * width * block);
  spectra.forEach((spectrum, angle) => {
    for (let frequency = 0; frequency < width; frequency++) {
      const kernel = columnKernel(spectrum, height, width, frequency);
      const [realPart, imaginaryPart] = [frequency * block, (width + frequency) * block];
      for (let row = 0; row < kept; row++) {
        sources.forEach((source, place) => {
          const distance = (row * stride - place + height) % height;
          const [re, im] = [kernel.real[distance]!, kernel.imaginary[distance]!];
          const fromReal = source * outputs + angle * kept + row;
          const fromImaginary = fromReal + inputs * outputs;
          values[realPart + fromReal]! += re;
          values[realPart + fromImaginary]! -= im;
          values[imaginaryPart + fromReal]! += im;
          values[imaginaryPart + fromImaginary]! += re;
        });
      }
    }
  });
  return values;
}

/** The inverse transform of one column of a spectrum. */
function columnKernel(
  spectrum: Float64Array,
  height: number,
  width: number,
  column: number,
): { real: Float64Array; imaginary: Float64Array } {
  const real = new Float64Array(height);
  const imaginary = new Float64Array(height);
  for (let n = 0; n < height; n++) {
    for (let k = 0; k < height; k++) {
      const angle = (2 * Math.PI * ((n * k) % height)) / height;
      const value = spectrum[k * width + column]! / height;
      real[n]! += value * Math.cos(angle);
      imaginary[n]! += value * Math.sin(angle);
    }
  }
  return { real, imaginary };
}
