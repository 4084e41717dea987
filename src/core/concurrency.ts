/**
 * Processes the elements of a sequence concurrently and yields the results in order. At most `width` elements are in
 * memory, however long the sequence is. Throws the first failure.
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
      // Awaited below; until then a failure must not count as an unhandled rejection.
      result.catch(() => undefined);
      running.push(result);
      if (running.length >= width) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
}

/** Runs an action once; after a failure, the next call tries again. */
export function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let done: Promise<Result> | undefined;
  return () =>
    (done ??= action().catch((error: unknown) => {
      done = undefined;
      throw error;
    }));
}
