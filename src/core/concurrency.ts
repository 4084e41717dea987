/**
 * Works on the elements of a sequence side by side, and gives the results in the order of the elements. No more than
 * `width` elements are in memory, so that a long sequence needs no more than a short one. The first failure ends it.
 */
export async function* mapInOrder<Element, Result>(
  elements: AsyncIterable<Element> | Iterable<Element>,
  width: number,
  work: (element: Element) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  try {
    for await (const element of elements) {
      const result = work(element);
      // It is awaited further down; until then its failure is not an unhandled one.
      result.catch(() => undefined);
      running.push(result);
      if (running.length >= width) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
}
