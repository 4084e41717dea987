import { HttpError } from '../http-errors.js';

/** A number as a pixel. Throws BAD_REQUEST where it is none. */
export function requirePixel(value: number): number {
  if (value >= 0 && value <= 255) return Math.round(value);
  throw new HttpError('BAD_REQUEST', 'data: every value must be a number from 0 to 255');
}
