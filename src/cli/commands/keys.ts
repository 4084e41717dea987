import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { decryptFiles, encryptFiles, generateKey, showRecipients } from '../../stages/keys/keys.js';
import type { ConvertedFiles } from '../../stages/keys/keys.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';
import type { Outcome } from '../terminal/reporter.js';

const actions = ['generate', 'show', 'encrypt', 'decrypt'] as const;

const space = withCommonOptions(
  z.strictObject({
    output: z.string().min(1).optional().meta({
      description: 'decrypt: write to this file instead of in place',
      placeholder: 'FILE',
    }),
  }),
);

type KeysCall = Call<typeof space>;

export const keysCommand = defineCommand({
  summary: 'make keys, and encrypt or decrypt files (age)',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'file',
      description: 'generate: new identity file; encrypt, decrypt: files or folders',
      required: false,
      variadic: true,
      kind: 'file',
    },
  ],
  space,
  actions: {
    generate: { options: [], arguments: 1 },
    show: { options: [] },
    encrypt: { options: [], arguments: Infinity },
    decrypt: { options: ['output'], arguments: Infinity },
  },
  examples: [
    ['mnist keys generate key.txt', 'writes a secret key, and prints its recipient: age1…'],
    ['mnist keys show --identity key.txt', 'the recipient of a secret key'],
    ['mnist train --encrypt-to age1…', 'a run that only the owner of the key can read'],
    ['mnist keys encrypt checkpoints/run --encrypt-to age1…', 'encrypts an existing run in place'],
    ['mnist keys decrypt best.safetensors --output plain.safetensors', 'a copy in plaintext'],
  ],
  run(call) {
    return { generate, show, encrypt, decrypt }[call.positionals[0] as (typeof actions)[number]](call);
  },
});

async function generate({ positionals: [, path] }: KeysCall): Promise<Outcome> {
  if (path === undefined) {
    const hint = 'for example: mnist keys generate key.txt';
    throw new ToolkitError('USAGE', { message: 'no file given for the new key', hint });
  }
  const key = await generateKey(path);
  return { data: { ...key }, text: () => key.recipient };
}

async function show(): Promise<Outcome> {
  const recipients = await showRecipients();
  return { data: { recipients }, text: () => recipients.join('\n') };
}

async function encrypt({ positionals, context }: KeysCall): Promise<Outcome> {
  return converted('encrypted', await encryptFiles(positionals.slice(1), context));
}

async function decrypt({ positionals, options, context }: KeysCall): Promise<Outcome> {
  return converted('decrypted', await decryptFiles(positionals.slice(1), options.output, context));
}

function converted(done: string, { files }: ConvertedFiles): Outcome {
  return { data: { files }, text: () => files.map((file) => `${done} ${file}`).join('\n') };
}
