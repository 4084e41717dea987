import { fileURLToPath } from 'node:url';

// Where the bundles lie: bench/build.
const bench = new URL('../', import.meta.url);

const inBench = (path: string): string => fileURLToPath(new URL(path, bench));

/** The places that the race works with. */
export const folders = {
  bench: inBench('.'),
  checkout: inBench('..'),
  contestants: inBench('contestants'),
  results: inBench('results'),
  ours: inBench('build/ours.js'),
  python: inBench('peers/bin/python'),
  data: inBench('../data'),
} as const;
