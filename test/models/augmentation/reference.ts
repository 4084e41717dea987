/** An image of grey values, row by row. */
export interface PlainImage {
  width: number;
  height: number;
  values: readonly number[];
}

type Matrix = readonly [readonly [number, number], readonly [number, number]];

/** What is done to an image, angles in degrees. */
export interface PlainChange {
  rotation?: number;
  scale?: number;
  shear?: number;
  shiftX?: number;
  shiftY?: number;
}

/**
 * Bilinear interpolation, written as its definition says and not as src does: the sum over all pixels of their values, each weighted
 * by a hat function of its distance; what the pixels do not cover is `outside`.
 */
export function valueAt(
  { width, height, values }: PlainImage,
  x: number,
  y: number,
  outside: number,
): number {
  let sum = 0;
  let covered = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const weight = Math.max(0, 1 - Math.abs(x - column)) * Math.max(0, 1 - Math.abs(y - row));
      sum += weight * values[row * width + column]!;
      covered += weight;
    }
  }
  return sum + (1 - covered) * outside;
}

/** An image after a change about its centre: sheared, scaled, turned, shifted; the matrix is composed and inverted here. */
export function changed(image: PlainImage, change: PlainChange, outside: number): number[] {
  const { rotation = 0, scale = 1, shear = 0, shiftX = 0, shiftY = 0 } = change;
  const [angle, lean] = [(rotation * Math.PI) / 180, Math.tan((shear * Math.PI) / 180)];
  const turn: Matrix = [
    [Math.cos(angle), -Math.sin(angle)],
    [Math.sin(angle), Math.cos(angle)],
  ];
  const grow: Matrix = [
    [scale, 0],
    [0, scale],
  ];
  const slant: Matrix = [
    [1, lean],
    [0, 1],
  ];
  const [[a, b], [c, d]] = product(turn, product(grow, slant));
  const determinant = a * d - b * c;
  const [centreX, centreY] = [(image.width - 1) / 2, (image.height - 1) / 2];
  return image.values.map((_, pixel) => {
    const x = (pixel % image.width) - centreX - shiftX;
    const y = Math.floor(pixel / image.width) - centreY - shiftY;
    const fromX = (d * x - b * y) / determinant + centreX;
    const fromY = (a * y - c * x) / determinant + centreY;
    return valueAt(image, fromX, fromY, outside);
  });
}

function product([[a, b], [c, d]]: Matrix, [[e, f], [g, h]]: Matrix): Matrix {
  return [
    [a * e + b * g, a * f + b * h],
    [c * e + d * g, c * f + d * h],
  ];
}
