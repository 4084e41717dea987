/** A matrix of complex numbers, row by row. */
export interface ComplexMatrix {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** The discrete Fourier transform of an image of any size, by its definition, one direction after the other. */
export function dft(
  image: ComplexMatrix,
  { height, width }: { height: number; width: number },
): ComplexMatrix {
  const alongRows = transformRows(image, height, width);
  return transposed(transformRows(transposed(alongRows, height, width), width, height), width, height);
}

function transformRows({ real, imaginary }: ComplexMatrix, rows: number, length: number): ComplexMatrix {
  const result = { real: new Float64Array(rows * length), imaginary: new Float64Array(rows * length) };
  const { cosines, sines } = roots(length);
  for (let row = 0; row < rows * length; row += length) {
    for (let k = 0; k < length; k++) {
      let [re, im] = [0, 0];
      for (let n = 0; n < length; n++) {
        const turn = (k * n) % length;
        re += real[row + n]! * cosines[turn]! + imaginary[row + n]! * sines[turn]!;
        im += imaginary[row + n]! * cosines[turn]! - real[row + n]! * sines[turn]!;
      }
      result.real[row + k] = re;
      result.imaginary[row + k] = im;
    }
  }
  return result;
}

/** The cosines and sines of 2πn/N. */
function roots(length: number): { cosines: Float64Array; sines: Float64Array } {
  const angle = (_: unknown, n: number): number => (2 * Math.PI * n) / length;
  const angles = Float64Array.from({ length }, angle);
  return { cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
}

function transposed({ real, imaginary }: ComplexMatrix, rows: number, columns: number): ComplexMatrix {
  const turn = (values: Float64Array): Float64Array =>
    values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
  return { real: turn(real), imaginary: turn(imaginary) };
}
