import eslint from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

import { entries, rooms } from './scripts/rooms.mjs';

/** No room imports one above it. Circles are found by test/contracts/layout.test.ts, those of types as well. */
const zones = rooms.map((room, level) => ({
  target: `./src/${room}`,
  from: [...entries, ...rooms.slice(0, level)].map((above) => `./src/${above}`),
  message: `src/${room} stands below it (scripts/rooms.mjs): imports point down.`,
}));

/** What scripts may take from Node.js without an import. */
const nodeGlobals = [
  ...['process', 'console', 'URL', 'Buffer', 'performance', 'fetch'],
  ...['setTimeout', 'setInterval', 'clearInterval'],
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      'coverage/',
      'docs/api/',
      // Generated from dist by scripts/declarations.mjs.
      'tfjs-node/index.d.ts',
      'data/',
      'checkpoints/',
      'vendor/',
      'bench/peers/',
      'bench/build/',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        // Read once, they take less time than a service that follows changes.
        project: ['tsconfig.json', 'src/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers read well in messages; only values whose text is not obvious have to be converted by hand.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Indexing within checked bounds is what typed arrays are for.
      '@typescript-eslint/no-non-null-assertion': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/terminal/**'],
    rules: {
      // Only src/cli/terminal writes to a terminal, and only a launcher ends the process.
      'no-restricted-properties': [
        'error',
        ...['stdout', 'stderr', 'exit', 'argv'].map((property) => ({ object: 'process', property })),
      ],
      // Every random number comes from the run's seed (src/core/random.ts).
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: 'Use core/random.',
        },
      ],
    },
  },
  {
    // CommonJS: it stands for a package that is (tfjs-node/index.js says why).
    files: ['tfjs-node/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'readonly', exports: 'readonly' },
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])) },
  },
);
