/**
 * What can be read off a chart with the mouse, a finger or the arrow keys. The page's script (`src/page/report`) shows it; this file
 * imports nothing, as the script takes its types from here.
 */

/** How the place that is pointed at chooses what is read: all values over a place of an axis, or the nearest point. */
export type ReadingDirection = 'x' | 'y' | 'point';

/** A name, with the colour that it has in the chart. */
export interface ReadingName {
  readonly text: string;
  /** As CSS has it. */
  readonly color?: string;
}

/** A place of a chart, and what is read there. */
export interface Reading<X = number | string, Y = number | string> {
  /** The number of its title. */
  readonly title: number;
  /** Where it lies, in the units of the axes. */
  readonly x: X;
  /** One for each of its marks; null where a column has none. */
  readonly y: readonly (Y | null)[];
  /** One for each column. */
  readonly values: readonly string[];
}

/** All that can be read off a chart. */
export interface Readings<X = number | string, Y = number | string> {
  readonly by: ReadingDirection;
  /** What points are called: classes, epochs, rows. */
  readonly titles: readonly ReadingName[];
  /** What the values are called. */
  readonly columns: readonly ReadingName[];
  readonly points: readonly Reading<X, Y>[];
}

/** The same as a page holds them, in units of the drawing and without names, which would be most of the page. */
export interface DrawnReadings extends Omit<Readings, 'points'> {
  readonly points: readonly (readonly [
    title: number,
    x: number,
    y: readonly (number | null)[],
    ...values: string[],
  ])[];
}
