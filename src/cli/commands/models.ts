import { z } from 'zod';

import { flagOf, fieldsOf, type Field } from '../../core/config/fields.js';
import { models } from '../../models/index.js';
import { parameterCount, type MeasuredTraining, type ModelDefinition } from '../../models/model.js';
import { count, optionText } from '../terminal/format.js';
import { measuredText } from '../terminal/results/measured.js';
import type { Style } from '../terminal/style.js';
import { definitions, hanging, wrapped } from '../terminal/wrap.js';
import { defineCommand, withCommonOptions } from '../command.js';

/** The shape of MNIST. */
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
      text: (style, _verbose, width) =>
        listed.map((model) => modelText(model, style, Math.min(width, WIDTH))).join('\n\n'),
    });
  },
});

const WIDTH = 80;

function modelText(model: ListedModel, { bold }: Style, width: number): string {
  const { name, summary, description, parameters, measured, source, options } = model;
  const facts = [
    `${description}; ${count(parameters)} parameters on MNIST`,
    measuredText(measured),
    `source: ${source}`,
  ];
  return [
    `${bold(name)}  ${hanging(summary, width, name.length + 2)}`,
    ...facts.map((fact) => wrapped(fact, width, '  ')),
    definitions(
      options.map((option) => [`  ${flagOf(option.key)}`, optionLine(option)]),
      width,
    ),
  ].join('\n');
}

function optionLine({ kind, description, fallback }: Field): string {
  // A structure, such as the layers of a stack, would not fit on a line.
  return kind === 'structure' ? description : `${description} (default ${optionText(fallback)})`;
}

interface ListedModel {
  name: string;
  summary: string;
  description: string;
  parameters: number;
  /** Null if not measured. */
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
