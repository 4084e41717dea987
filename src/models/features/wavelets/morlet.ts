import { dft, type ComplexMatrix } from './dft.js';

/** Wavelets in the Fourier domain, where they are real: [scale][angle][resolution], each [height, width] at that resolution. */
export type Wavelets = readonly (readonly (readonly Float64Array[])[])[];

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Kymatio's constant; π would change the fifth digit. */
const KYMATIO_PI = 3.1415;
const BANDWIDTH = 0.8;
/** What is smaller than exp(−46), 1e-20, adds nothing. */
const FARTHEST = 46;
/** How often the plane is repeated in each direction before it is wrapped around. */
const REPEATS = [-2, -1, 0, 1, 2];

/**
 * Morlet wavelets of each scale below `scales` and each angle, as Kymatio defines them: a Gabor function of which a multiple of its
 * envelope is subtracted, so that its mean is 0.
 */
export function morletWavelets(size: Size, { scales, angles }: { scales: number; angles: number }): Wavelets {
  return Array.from({ length: scales }, (_, scale) =>
    Array.from({ length: angles }, (_, angle) => {
      const wavelet = {
        sigma: BANDWIDTH * 2 ** scale,
        theta: ((Math.trunc(angles - angles / 2 - 1) - angle) * Math.PI) / angles,
        frequency: ((3 / 4) * Math.PI) / 2 ** scale,
        slant: 4 / angles,
      };
      const spectrum = dft(morlet(size, wavelet), size).real;
      return Array.from({ length: scale + 1 }, (_, resolution) => periodized(spectrum, size, resolution));
    }),
  );
}

/**
 * The low-pass filter of the coarsest scale, in one dimension, at each resolution below `scales`: the filter of an image is the product of
 * those of its height and its width.
 */
export function lowPass(length: number, scales: number): Float64Array[] {
  const sigma = BANDWIDTH * 2 ** (scales - 1);
  const values = Float64Array.from({ length }, (_, at) =>
    REPEATS.reduce((sum, repeat) => sum + Math.exp(-((at + repeat * length) ** 2) / (2 * sigma ** 2)), 0),
  );
  const normalized = values.map((value) => value / Math.sqrt(2 * KYMATIO_PI * sigma ** 2));
  const line = { height: 1, width: length };
  const spectrum = dft({ real: normalized, imaginary: new Float64Array(length) }, line).real;
  return Array.from({ length: scales }, (_, resolution) =>
    folded(cropped(spectrum, resolution), length / 2 ** resolution),
  );
}

interface Wavelet {
  readonly sigma: number;
  readonly theta: number;
  readonly frequency: number;
  readonly slant: number;
}

function morlet(size: Size, wavelet: Wavelet): ComplexMatrix {
  const wave = gabor(size, wavelet);
  const envelope = gabor(size, { ...wavelet, frequency: 0 });
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const envelopeTotal = total(envelope.real);
  const without = (values: Float64Array): Float64Array => {
    const share = total(values) / envelopeTotal;
    return values.map((value, at) => value - share * envelope.real[at]!);
  };
  return { real: without(wave.real), imaginary: without(wave.imaginary) };
}

/** A Gaussian envelope times a plane wave, wrapped around the image's borders. */
function gabor({ height, width }: Size, { sigma, theta, frequency, slant }: Wavelet): ComplexMatrix {
  const real = new Float64Array(height * width);
  const imaginary = new Float64Array(height * width);
  const [cosine, sine] = [Math.cos(theta), Math.sin(theta)];
  const factor = slant / (2 * KYMATIO_PI * sigma * sigma);
  const add = (row: number, column: number, at: number): void => {
    const along = row * cosine + column * sine;
    const across = column * cosine - row * sine;
    const exponent = (along ** 2 + (slant * across) ** 2) / (2 * sigma * sigma);
    if (exponent > FARTHEST) return;
    const length = Math.exp(-exponent) * factor;
    real[at]! += length * Math.cos(frequency * along);
    imaginary[at]! += length * Math.sin(frequency * along);
  };
  for (const down of REPEATS) {
    for (const right of REPEATS) {
      for (let at = 0; at < height * width; at++) {
        add(Math.floor(at / width) + down * height, (at % width) + right * width, at);
      }
    }
  }
  return { real, imaginary };
}

/** A spectrum for images that are 2^resolution times smaller: without high frequencies, and folded. */
function periodized(spectrum: Float64Array, { height, width }: Size, resolution: number): Float64Array {
  if (resolution === 0) return spectrum;
  const keepsRow = keptFrequencies(height, resolution);
  const keepsColumn = keptFrequencies(width, resolution);
  const [rows, columns] = [height / 2 ** resolution, width / 2 ** resolution];
  const small = new Float64Array(rows * columns);
  spectrum.forEach((value, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    if (keepsRow(row) && keepsColumn(column)) small[(row % rows) * columns + (column % columns)]! += value;
  });
  return small;
}

function cropped(spectrum: Float64Array, resolution: number): Float64Array {
  const keeps = keptFrequencies(spectrum.length, resolution);
  return spectrum.map((value, at) => (keeps(at) ? value : 0));
}

function folded(spectrum: Float64Array, length: number): Float64Array {
  const small = new Float64Array(length);
  spectrum.forEach((value, at) => (small[at % length]! += value));
  return small;
}

/** Whether a frequency is below the limit of a coarser resolution. */
function keptFrequencies(length: number, resolution: number): (frequency: number) => boolean {
  const start = Math.trunc(length * 2 ** (-resolution - 1));
  const count = Math.trunc(length * (1 - 2 ** -resolution));
  return (frequency) => frequency < start || frequency >= start + count;
}
