import { z } from 'zod';

import { flagOf, fieldsOf, type Field } from '../../core/config/fields.js';
import { models } from '../../models/index.js';
import { parameterCount, type MeasuredTraining, type ModelDefinition } from '../../models/model.js';
import { count, columns } from '../terminal/format.js';
import { measuredText } from '../terminal/results/measured.js';
import { defineCommand, withCommonOptions } from '../command.js';

/** The images of MNIST and its kind. */
const MNIST_TASK = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };

export const modelsCommand = defineCommand({
  summary: 'list the model architectures, their accuracy and options',
  positionals: [],
  space: withCommonOptions(z.strictObject({})),
  examples: [['mnist models', 'values for --model']],
  run() {
    const listed = [...models].map(describe);
    return Promise.resolve({
      data: { models: listed },
      text: ({ bold }) =>
        listed
          .map(
            ({ name, summary, description, parameters, measured, source, options }) =>
              `${bold(name)}  ${summary}\n  ${description}: ${count(parameters)} parameters on MNIST\n` +
              `  ${measuredText(measured)}\n  ${source}\n` +
              columns(
                options.map(({ key, description: what, fallback }) => [
                  '',
                  flagOf(key),
                  `${what} (${JSON.stringify(fallback)})`,
                ]),
              ),
          )
          .join('\n\n'),
    });
  },
});

interface ListedModel {
  name: string;
  summary: string;
  description: string;
  parameters: number;
  /** Null where nobody measured. */
  measured: MeasuredTraining | null;
  source: string;
  options: Field[];
}

function describe(definition: ModelDefinition): ListedModel {
  const { name, summary, source, measured = null } = definition;
  const model = definition.build(definition.options.parse({}), MNIST_TASK);
  const options = [...fieldsOf(definition.options).values()];
  return {
    name,
    summary,
    source,
    description: model.description,
    parameters: parameterCount(model),
    measured,
    options,
  };
}
