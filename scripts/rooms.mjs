/**
 * The rooms of src/, from the top down: each may import itself and those below it, never one above. The linter and
 * test/contracts/layout.test.ts take the order from here; CONTRIBUTING.md says what each room is for.
 */
export const rooms = [
  'cli',
  'stages',
  'serving',
  'page',
  'deployment',
  'data',
  'reports',
  'training',
  'evaluation',
  'models',
  'engine',
  'artifacts',
  'tensorflow',
  'core',
];

/**
 * The files at the top of src/: the public entries, each a line of `exports` in package.json, and what they share. They stand below the
 * command line and above all other rooms.
 */
export const entries = [
  'index.ts',
  'options.ts',
  'tensorflow.ts',
  'tfjs-node.ts',
  'compile.ts',
  'plugins.ts',
];
