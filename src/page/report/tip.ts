/** A line of a tip: a value with its name, and the colour that it has in its chart. */
export interface TipLine {
  name: string;
  value: string;
  color?: string | undefined;
}

/** The distance of a tip from what it is about, and from the edges of the window. */
const GAP = 12;
const EDGE = 4;

const tip = document.createElement('div');
tip.className = 'tip';
// Read out when the keyboard moves; what a mouse points at is read by nobody else.
tip.setAttribute('role', 'status');
tip.hidden = true;
document.body.append(tip);

/** What the tip that is shown is about. */
let owner: Element | undefined;

/** Shows a tip about an element at a place of the window, wherever there is room beside it. */
export function showTip(
  about: Element,
  title: string,
  lines: readonly TipLine[],
  { x, y }: { x: number; y: number },
): void {
  owner = about;
  const heading = document.createElement('strong');
  heading.textContent = title;
  tip.replaceChildren(heading, ...lines.map(lineOf));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const { clientWidth } = document.documentElement;
  const right = x + GAP + width + EDGE <= clientWidth ? x + GAP : x - GAP - width;
  const left = Math.max(EDGE, Math.min(right, clientWidth - width - EDGE));
  const above = y - GAP - height;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above < EDGE ? y + GAP : above) + scrollY}px`;
}

/** Takes the tip away; that about an element, only if it is shown. */
export function hideTip(about = owner): void {
  if (about === owner) tip.hidden = true;
}

function lineOf({ name, value, color }: TipLine): HTMLElement {
  const line = document.createElement('span');
  const number = document.createElement('b');
  number.textContent = value;
  if (color !== undefined) {
    const key = document.createElement('i');
    key.className = 'key';
    key.style.background = color;
    line.append(key);
  }
  line.append(name, ' ', number);
  return line;
}
