import { hideTip, showTip } from './tip.js';

/** Lets cells of the confusion matrices be read, and their images be looked at. */
export function openMatrices(): void {
  const dialog = imageDialog();
  for (const matrix of document.querySelectorAll<HTMLElement>('.confusion')) openMatrix(matrix, dialog);
  // What a finger has asked for stays until something else is touched; charts see to theirs.
  document.addEventListener('pointerdown', ({ target }) => {
    if (!(target instanceof Element && target.closest('.plot'))) hideTip();
  });
}

/** Cells are reached with one press of Tab, then with the arrow keys. */
function openMatrix(matrix: HTMLElement, dialog: ImageDialog): void {
  const cells = [...matrix.querySelectorAll<HTMLTableCellElement>('td[title]')].map((cell) =>
    openCell(cell, dialog),
  );
  cells.forEach((cell, index) => (cell.tabIndex = index === 0 ? 0 : -1));
  matrix.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hideTip();
    const at = cells.find((cell) => cell === event.target);
    const next = at && neighbour(cells, at, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  matrix.addEventListener('focusin', ({ target }) => {
    if (!cells.some((cell) => cell === target)) return;
    for (const cell of cells) cell.tabIndex = cell === target ? 0 : -1;
  });
}

/** What is in a cell becomes a button where there are images of it, else something that can be reached. */
function openCell(cell: HTMLTableCellElement, dialog: ImageDialog): HTMLElement {
  const hint = cell.title;
  cell.removeAttribute('title');
  const images = document.getElementById(`images-${cell.dataset['pair'] ?? ''}`);
  const reached: HTMLElement = document.createElement(images ? 'button' : 'span');
  reached.className = 'cell';
  reached.append(...cell.childNodes);
  reached.setAttribute('aria-label', hint);
  cell.append(reached);
  const show = (): void => {
    const { left, top, width } = reached.getBoundingClientRect();
    showTip(reached, hint, [], { x: left + width / 2, y: top });
  };
  // A finger enters and leaves with each touch.
  reached.addEventListener('pointerenter', ({ pointerType }) => {
    if (pointerType === 'mouse') show();
  });
  reached.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType === 'mouse') hideTip(reached);
  });
  reached.addEventListener('focus', () => {
    if (reached.matches(':focus-visible')) show();
  });
  reached.addEventListener('blur', () => {
    hideTip(reached);
  });
  reached.addEventListener('click', () => {
    if (!(images instanceof HTMLTemplateElement)) {
      show();
      return;
    }
    hideTip();
    dialog.show(images);
  });
  return reached;
}

/** The next cell in the direction of an arrow key, over empty ones. */
function neighbour(cells: readonly HTMLElement[], from: HTMLElement, key: string): HTMLElement | undefined {
  const [column, row] = placeOf(from);
  const isAhead = (cell: HTMLElement): boolean => {
    const [otherColumn, otherRow] = placeOf(cell);
    if (key === 'ArrowLeft') return otherRow === row && otherColumn < column;
    if (key === 'ArrowRight') return otherRow === row && otherColumn > column;
    if (key === 'ArrowUp') return otherColumn === column && otherRow < row;
    return key === 'ArrowDown' && otherColumn === column && otherRow > row;
  };
  const ahead = cells.filter(isAhead);
  // They come row by row: the nearest one lies at the end that is turned to this one.
  return key === 'ArrowLeft' || key === 'ArrowUp' ? ahead.at(-1) : ahead[0];
}

function placeOf(reached: HTMLElement): [column: number, row: number] {
  const cell = reached.parentElement as HTMLTableCellElement;
  return [cell.cellIndex, (cell.parentElement as HTMLTableRowElement).rowIndex];
}

interface ImageDialog {
  show: (images: HTMLTemplateElement) => void;
}

/** A window over the page, which Escape, its button and a click beside it close. */
function imageDialog(): ImageDialog {
  const dialog = document.createElement('dialog');
  const close = document.createElement('button');
  const content = document.createElement('div');
  dialog.className = 'images';
  close.className = 'close';
  close.textContent = 'Close';
  dialog.append(content, close);
  document.body.append(dialog);
  close.addEventListener('click', () => {
    dialog.close();
  });
  dialog.addEventListener('click', ({ target }) => {
    // Its content fills it: what is clicked on itself lies beside it.
    if (target === dialog) dialog.close();
  });
  return {
    show: (images) => {
      content.replaceChildren(images.content.cloneNode(true));
      const heading = content.querySelector('h3');
      dialog.setAttribute('aria-label', heading?.textContent ?? '');
      dialog.showModal();
      dialog.scrollTop = 0;
    },
  };
}
