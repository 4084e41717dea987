import { importFields } from '../../stages/import/import-options.js';
import { columns, count } from '../terminal/format.js';
import { defineCommand, withCommonOptions } from '../command.js';

export const importCommand = defineCommand({
  summary: 'import a Keras, TensorFlow.js, PyTorch or ONNX model',
  positionals: [
    {
      name: 'file',
      description:
        '.keras or .h5 file, model.json of TensorFlow.js, .safetensors file of PyTorch, or .onnx file',
      required: true,
      kind: 'file',
    },
  ],
  space: withCommonOptions(importFields),
  examples: [
    ['mnist import mnist_cnn.keras', 'a Keras model that takes pixels from 0 to 1, as the run mnist_cnn'],
    ['mnist import tfjs/model.json --run digits', 'a layers model of TensorFlow.js'],
    ['mnist import net.safetensors', 'PyTorch weights, with the layers in net.json beside it'],
    ['mnist import net.onnx', 'an ONNX model, with its preprocessing in net.json beside it'],
    [
      'mnist import shoes.h5 --dataset fashion-mnist --mean 0.286 --std 0.353',
      'with its own scaling of pixels',
    ],
  ],
  async run({ positionals, options, context }) {
    const { importModel } = await import('../../stages/import/import.js');
    const imported = await importModel(positionals[0] ?? '', options, context);
    const { run, checkpoint, program, description, parameters, shape, classNames, preprocessing } = imported;
    const { height, width, channels } = shape;
    return {
      data: imported,
      text: ({ bold }) =>
        columns([
          ['run', bold(run)],
          ['checkpoint', checkpoint],
          ['from', program],
          ['model', `${description}; ${count(parameters)} parameters`],
          ['images', `${width}×${height}, ${channels === 1 ? 'grey' : `${channels} channels`}`],
          ['pixels', preprocessing.scaling],
          [
            'classes',
            `${classNames.length}: ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' …' : ''}`,
          ],
          ['next', `mnist evaluate ${run}`],
        ]),
    };
  },
});
