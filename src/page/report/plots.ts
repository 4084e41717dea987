import type { DrawnReadings } from '../../reports/charts/readings.js';
import { hideTip, showTip } from './tip.js';

type Point = DrawnReadings['points'][number];

const SVG = 'http://www.w3.org/2000/svg';
/** A point farther from the mouse than this is not meant, in units of the drawing. */
const REACH = 40;

/** Where the mouse was last. */
let [lastX, lastY] = [NaN, NaN];

/** Lets the values of all charts be read. */
export function openPlots(): void {
  // After the charts have seen where it is now.
  document.addEventListener('pointermove', ({ clientX, clientY }) => {
    [lastX, lastY] = [clientX, clientY];
  });
  for (const place of document.querySelectorAll<HTMLElement>('.plot')) openPlot(place);
}

/** Lets the values of a chart be read: those nearest to mouse or finger, or one after the other with the arrow keys. */
function openPlot(place: HTMLElement): void {
  const chart = place.querySelector('svg');
  const readings = JSON.parse(place.dataset['readings'] ?? 'null') as DrawnReadings | null;
  if (!chart || !readings || readings.points.length === 0) return;
  const marks = document.createElementNS(SVG, 'g');
  chart.append(marks);
  let current: Point | undefined;

  const show = (point: Point): void => {
    current = point;
    mark(marks, readings, point);
    const [title, , , ...values] = point;
    const lines = readings.columns.map(({ text, color }, column) => {
      return { name: text, value: values[column] ?? '', color };
    });
    showTip(place, readings.titles[title]?.text ?? '', lines, placeOf(point, chart));
  };
  const hide = (): void => {
    current = undefined;
    marks.replaceChildren();
    hideTip(place);
  };

  const point = (event: PointerEvent): void => {
    if (isMovedPage(event)) return;
    const found = nearest(readings, toDrawing(event.clientX, event.clientY, chart));
    if (found) show(found);
    else hide();
  };
  place.addEventListener('pointermove', point);
  place.addEventListener('pointerdown', point);
  // A finger leaves when it is lifted, and its values stay until something else is touched.
  place.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType === 'mouse') hide();
  });
  document.addEventListener('pointerdown', ({ target }) => {
    if (current && !(target instanceof Node && place.contains(target))) hide();
  });

  place.tabIndex = 0;
  place.setAttribute('role', 'group');
  place.setAttribute('aria-label', `${chart.getAttribute('aria-label') ?? ''} Arrow keys read its values.`);
  place.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
    const next = neighbour(readings, current, event.key);
    if (!next) return;
    event.preventDefault();
    show(next);
  });
  place.addEventListener('blur', hide);
}

/** Whether a page has moved under a mouse that has not: nobody points at what lies there now. */
function isMovedPage({ type, clientX, clientY }: PointerEvent): boolean {
  return type === 'pointermove' && clientX === lastX && clientY === lastY;
}

/** Where a place of the window lies in a drawing. */
function toDrawing(clientX: number, clientY: number, chart: SVGSVGElement): [x: number, y: number] {
  const { left, top, width } = chart.getBoundingClientRect();
  const scale = chart.viewBox.baseVal.width / width;
  return [(clientX - left) * scale, (clientY - top) * scale];
}

/** Where a point lies in the window: that of its marks that is the highest. */
function placeOf([, x, y]: Point, chart: SVGSVGElement): { x: number; y: number } {
  const { left, top, width } = chart.getBoundingClientRect();
  const scale = width / chart.viewBox.baseVal.width;
  return { x: left + x * scale, y: top + highest(y) * scale };
}

function highest(y: Point[2]): number {
  return Math.min(...y.filter((height) => height !== null));
}

/** The point that is meant by a place of the drawing. */
function nearest({ by, points }: DrawnReadings, [x, y]: readonly [number, number]): Point | undefined {
  const distanceTo = ([, pointX, heights]: Point): number => {
    if (by === 'x') return Math.abs(pointX - x);
    const across = Math.min(...heights.map((height) => (height === null ? Infinity : Math.abs(height - y))));
    return by === 'y' ? across : Math.hypot(pointX - x, across);
  };
  let found: Point | undefined;
  let least = by === 'point' ? REACH : Infinity;
  for (const point of points) {
    const distance = distanceTo(point);
    if (distance >= least) continue;
    least = distance;
    found = point;
  }
  return found;
}

/** The point that a key leads to: the next one of the same line, or the nearest one of the next line. */
function neighbour(
  { by, points }: DrawnReadings,
  current: Point | undefined,
  key: string,
): Point | undefined {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[key];
  if (step === undefined && key !== 'Home' && key !== 'End') return undefined;
  const line = by === 'point' && current ? points.filter(([title]) => title === current[0]) : points;
  if (key === 'Home') return line[0];
  if (key === 'End') return line.at(-1);
  if (!current) return points[0];
  const isAcross = key === 'ArrowUp' || key === 'ArrowDown';
  if (by !== 'point' || !isAcross) return line[line.indexOf(current) + (step ?? 0)] ?? current;
  const titles = [...new Set(points.map(([title]) => title))];
  const title = titles[titles.indexOf(current[0]) + (step ?? 0)];
  const others = points.filter(([other]) => other === title);
  return nearest({ by: 'x', points: others, titles: [], columns: [] }, [current[1], 0]) ?? current;
}

/** Draws a line through a place of an axis, and a dot on each mark. */
function mark(marks: SVGGElement, { by, titles, columns }: DrawnReadings, [title, x, y]: Point): void {
  const dots = y.flatMap((height, column) => {
    if (height === null) return [];
    const color = titles[title]?.color ?? columns[column]?.color ?? 'var(--s0)';
    return [
      element('circle', {
        cx: x,
        cy: height,
        r: 4.5,
        fill: color,
        stroke: 'var(--panel)',
        'stroke-width': 1.5,
      }),
    ];
  });
  const { height } = marks.ownerSVGElement!.viewBox.baseVal;
  const guide = { x1: x, x2: x, y1: 20, y2: height - 40, stroke: 'var(--soft)', 'stroke-dasharray': '2 3' };
  marks.replaceChildren(...(by === 'x' ? [element('line', guide)] : []), ...(by === 'y' ? [] : dots));
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
