/** Coefficients of W. J. Cody, “Rational Chebyshev approximations for the error function”, 1969, as in SPECFUN's CALERF. */
const NEAR = {
  above: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  below: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};
const MIDDLE = {
  above: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  below: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};
const FAR = {
  above: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  below: [
    1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
  ],
};
const FIRST_LIMIT = 0.46875;
const SECOND_LIMIT = 4;

interface Fraction {
  readonly above: readonly number[];
  readonly below: readonly number[];
}

/** The complementary error function, 1 − erf(x). */
export function erfc(x: number): number {
  if (x < -FIRST_LIMIT) return 2 - erfc(-x);
  if (x <= FIRST_LIMIT) return 1 - x * quotient(NEAR, x * x);
  return scaledErfc(x) * Math.exp(-x * x);
}

/** exp(x²)·erfc(x), which does not underflow for large x. */
export function scaledErfc(x: number): number {
  if (x <= FIRST_LIMIT) return erfc(x) * Math.exp(x * x);
  if (x <= SECOND_LIMIT) return quotient(MIDDLE, x);
  const square = 1 / (x * x);
  return (1 / Math.sqrt(Math.PI) - square * quotient(FAR, square)) / x;
}

/** A place on the standard normal distribution, and the probability of what lies further from 0 on its side. */
export interface NormalPlace {
  readonly x: number;
  readonly beyond: number;
}

/** The place x of a standard normal variable. */
export function normalPlace(x: number): NormalPlace {
  return { x, beyond: erfc(Math.abs(x) / Math.SQRT2) / 2 };
}

/** The probability that a standard normal variable lies between two places; precise in both tails. */
export function normalBetween(from: NormalPlace, to: NormalPlace): number {
  if (from.x >= 0) return from.beyond - to.beyond;
  if (to.x <= 0) return to.beyond - from.beyond;
  return 1 - to.beyond - from.beyond;
}

/** The value of a rational function, by Horner's rule. */
function quotient({ above, below }: Fraction, x: number): number {
  const value = (coefficients: readonly number[]): number =>
    coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  return value(above) / value(below);
}
