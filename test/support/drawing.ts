import type { Page } from 'playwright-core';

type Stroke = readonly (readonly [x: number, y: number])[];

/** Digits as people draw them, in parts of the pad's size. */
export const SEVEN: readonly Stroke[] = [
  [
    [0.25, 0.2],
    [0.5, 0.2],
    [0.75, 0.2],
    [0.6, 0.5],
    [0.45, 0.85],
  ],
];
export const ONE: readonly Stroke[] = [
  [
    [0.55, 0.15],
    [0.5, 0.5],
    [0.45, 0.85],
  ],
];

/** A ring, narrower than it is high. */
export const ZERO: readonly Stroke[] = [
  Array.from({ length: 17 }, (_, step) => {
    const angle = (step / 16) * 2 * Math.PI;
    return [0.5 + 0.2 * Math.sin(angle), 0.5 - 0.33 * Math.cos(angle)] as const;
  }),
];

/** Draws on the page's pad with the mouse. */
export async function draw(page: Page, strokes: readonly Stroke[]): Promise<void> {
  const box = (await page.locator('#pad').boundingBox())!;
  for (const stroke of strokes) {
    for (const [index, [x, y]] of stroke.entries()) {
      const place = [box.x + x * box.width, box.y + y * box.height] as const;
      await page.mouse.move(...place, { steps: 4 });
      if (index === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

/** What the page says that was drawn. */
export const answerOf = (page: Page): Promise<string | null> => page.locator('#answer').textContent();

/** Waits until the page describes its model. */
export async function shownOn(page: Page, run: string): Promise<void> {
  await page.locator('#model', { hasText: `${run}, version` }).waitFor({ state: 'attached' });
}

/** Waits until the page has compared the server's answer with the browser's, and gives the largest difference. */
export async function comparedOn(page: Page): Promise<number> {
  const comparison = page.locator('#comparison', { hasText: 'Largest difference' });
  await comparison.waitFor({ state: 'attached' });
  return Number(/([\d.]+e[+-]\d+)$/.exec((await comparison.textContent()) ?? '')?.[1]);
}
