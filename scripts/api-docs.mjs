// Writes the reference of the package's public entries as HTML, from their declarations in dist/: `npm run docs`. A warning is a failure.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Application } from 'typedoc';

const root = fileURLToPath(new URL('..', import.meta.url));
const [out = `${root}docs/api`] = process.argv.slice(2);
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const application = await Application.bootstrapWithPlugins({
  // Of the drop-in for tfjs-node what it adds to tfjs, which has a reference of its own.
  entryPoints: Object.values(exports).flatMap(({ types }) =>
    types ? [`${root}${types.slice(2).replace('tfjs-node/index', 'dist/tfjs-node')}`] : [],
  ),
  tsconfig: `${root}tsconfig.docs.json`,
  name: 'mnist-train',
  readme: 'none',
  out,
  plugin: ['typedoc-plugin-missing-exports'],
  // Types that an entry names without exporting them are documented where they are used.
  placeInternalsInOwningModule: true,
  disableSources: true,
  githubPages: false,
  requiredToBeDocumented: ['Function', 'Class', 'Method'],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
});
const project = await application.convert();
if (project) {
  application.validate(project);
  if (!application.logger.hasErrors() && !application.logger.hasWarnings())
    await application.generateOutputs(project);
}
if (application.logger.hasErrors() || application.logger.hasWarnings()) process.exitCode = 1;
