import { z } from 'zod';

import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import type { SequenceShape } from './layers/layer.js';
import { cellNames, recurrent } from './layers/recurrent.js';
import { rows } from './layers/rows.js';
import { sequence } from './layers/sequence.js';
import { defineModel } from './model.js';
import { dropoutOption, initializerOption } from './options.js';

/** A recurrent network that reads an image row by row, from the top. */
export const rnn = defineModel({
  name: 'rnn',
  summary: 'recurrent network (LSTM or GRU) over the rows of the image',
  source:
    'Hochreiter and Schmidhuber, “Long short-term memory”, 1997; Cho et al., “Learning phrase representations using RNN encoder–decoder”, 2014',
  measured: {
    configuration: 'configs/rnn.json',
    accuracy: 0.9894,
    seeds: 3,
    seconds: 79,
    machine: '2 cores',
  },
  options: z.strictObject({
    cell: z.enum(cellNames).default('lstm').meta({ description: 'recurrent cell' }),
    units: z.int().min(1).max(4096).default(128).meta({ description: 'units per recurrent layer' }),
    depth: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .meta({ description: 'number of recurrent layers or transformer blocks' }),
    bidirectional: z
      .boolean()
      .default(false)
      .meta({ description: 'make the recurrent layers bidirectional' }),
    dropout: dropoutOption(0, 'after each layer or block'),
    initializer: initializerOption('fan-in-uniform'),
  }),
  build(options, { shape, classes }) {
    const { cell, units, depth, bidirectional, dropout: rate, initializer } = options;
    const steps = rows([shape.height, shape.width, shape.channels]);
    let inputShape: SequenceShape = steps.outputShape;
    const layers = Array.from({ length: depth }, (_, index) => {
      const outputs = index === depth - 1 ? 'last' : 'all';
      const name = `recurrent${index + 1}`;
      const layer = recurrent({ name, inputShape, cell, units, bidirectional, outputs, initializer });
      inputShape = [inputShape[0], layer.outputShape.at(-1)!];
      return [layer, dropout(`dropout${index + 1}`, layer.outputShape, rate)];
    });
    const direction = bidirectional ? 'bidirectional ' : '';
    return sequence(`${shape.height} rows, ${depth} × ${direction}${cell.toUpperCase()} of ${units} units`, [
      steps,
      ...layers.flat(),
      dense({ name: 'classifier', inputs: inputShape[1], units: classes, initializer }),
    ]);
  },
});
