// `npm run docs`: writes the API reference of the package's public entries to docs/api, from their declarations in dist/. A warning is a
// failure. `--check` writes nothing.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Application } from 'typedoc';

const root = fileURLToPath(new URL('..', import.meta.url));
const isCheck = process.argv.includes('--check');
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const application = await Application.bootstrapWithPlugins({
  // Of the drop-in for tfjs-node what it adds to tfjs, which has a reference of its own.
  entryPoints: Object.values(exports).flatMap(({ types }) =>
    types ? [`${root}${types.slice(2).replace('tfjs-node/index', 'dist/tfjs-node')}`] : [],
  ),
  tsconfig: `${root}tsconfig.docs.json`,
  name: 'mnist-train',
  readme: 'none',
  out: `${root}docs/api`,
  plugin: ['typedoc-plugin-missing-exports'],
  // Types that an entry names without exporting them are documented where they are used.
  placeInternalsInOwningModule: true,
  excludeExternals: true,
  disableSources: true,
  githubPages: false,
  requiredToBeDocumented: ['Function', 'Class'],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
});
const project = await application.convert();
if (project) application.validate(project);
const { logger } = application;
const isSound = project !== undefined && !logger.hasErrors() && !logger.hasWarnings();
if (!isSound) process.exitCode = 1;
else if (isCheck) console.log(`documented: ${project.children.map(({ name }) => name).join(', ')}`);
else await application.generateOutputs(project);
