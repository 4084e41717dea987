import { ToolkitError } from '../../core/errors.js';
import { decryptAnswer, encryptImage, generateKeys } from '../../stages/encrypted/encrypted.js';
import { encryptedFields } from '../../stages/encrypted/encrypted-options.js';
import { pictureSources } from '../pictures.js';
import { bytes } from '../terminal/format.js';
import { predictionsText } from '../terminal/results/predictions.js';
import type { Outcome } from '../terminal/reporter.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['keygen', 'encrypt', 'decrypt'] as const;

const space = withCommonOptions(encryptedFields);

type EncryptedCall = Call<typeof space>;

export const encryptedCommand = defineCommand({
  summary: 'make keys, encrypt images and decrypt answers',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'file',
      description:
        'keygen: folder of "deploy --to encrypted", or its parameters.json; encrypt: image file, - for standard input; decrypt: answer of the server',
      required: false,
      kind: 'file',
    },
  ],
  space,
  actions: {
    keygen: { options: ['keys'], arguments: 1 },
    encrypt: { options: ['keys', 'output', 'prepare'], arguments: 1 },
    decrypt: { options: ['keys', 'top'], arguments: 1 },
  },
  examples: [
    ['mnist encrypted keygen parameters.json', 'keys for a model, in the folder encrypted-keys'],
    ['mnist encrypted encrypt seven.png', 'writes seven.png.encrypted, for /encrypted/classify of a server'],
    ['mnist encrypted decrypt answer.encrypted', 'the class, which only the holder of the key can read'],
  ],
  run(call) {
    const action = call.positionals[0] as (typeof actions)[number];
    return { keygen, encrypt, decrypt }[action](call);
  },
});

async function keygen({ positionals, options, context }: EncryptedCall): Promise<Outcome> {
  const path = required(positionals, 'the folder of "mnist deploy --to encrypted", or its parameters.json');
  const keys = await generateKeys(path, options, context);
  return {
    data: keys,
    text: ({ bold }) =>
      [
        `${bold('secret')}  ${keys.secretKey}: keep it; whoever has it can read what you encrypt`,
        `server  ${keys.evaluationKeys} (${bytes(keys.evaluationKeysBytes)}): send it to /encrypted/keys of the server`,
      ].join('\n'),
  };
}

async function encrypt({ positionals, options, context, stdin }: EncryptedCall): Promise<Outcome> {
  const name = required(positionals, 'an image file');
  const [image, ...more] = await pictureSources([name], stdin, context.emit);
  if (!image || more.length > 0) {
    throw new ToolkitError('USAGE', {
      message: `${name} holds several images`,
      hint: 'encrypt one image at a time',
    });
  }
  const encrypted = await encryptImage(image, options, context);
  return { data: encrypted, text: () => `${encrypted.output} (${bytes(encrypted.bytes)})` };
}

async function decrypt({ positionals, options, context }: EncryptedCall): Promise<Outcome> {
  const answer = await decryptAnswer(required(positionals, 'the answer of a server'), options, context);
  const prediction = { ...answer, picture: answer.answer, inverted: false };
  return { data: answer, text: (style) => predictionsText({ predictions: [prediction] }, style) };
}

function required([action = '', file]: readonly string[], what: string): string {
  if (file !== undefined) return file;
  throw new ToolkitError('USAGE', {
    message: `"encrypted ${action}" needs ${what}`,
    hint: 'name it after the action',
  });
}
