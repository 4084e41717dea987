import { ToolkitError } from '../../core/errors.js';
import { createKeys, signFolder, signingFields, verifyFolder } from '../../stages/signing/signing.js';
import { keysText, signedText, verifiedModelText } from '../terminal/results/proof/signing.js';
import type { Outcome } from '../terminal/reporter.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['keygen', 'sign', 'verify'] as const;

const space = withCommonOptions(signingFields);

type SigningCall = Call<typeof space>;

export const signingCommand = defineCommand({
  summary: 'create keys, sign models and verify signatures',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'path',
      description: 'keygen: file of the private key; sign, verify: folder of the model',
      required: false,
      kind: 'folder',
    },
  ],
  space,
  actions: {
    keygen: { options: ['kind'], arguments: 1 },
    sign: { options: ['signKey', 'signature'], arguments: 1 },
    verify: { options: ['verifyKey', 'signature'], arguments: 1 },
  },
  examples: [
    ['mnist signing keygen publisher.pem', 'a private key in publisher.pem, its public key in publisher.pub'],
    ['mnist deploy latest --sign-key publisher.pem', 'a signed version (OpenSSF Model Signing)'],
    ['mnist signing sign deployments/digits --sign-key publisher.pem', 'sign any folder of model files'],
    [
      'mnist signing verify deployments/digits --verify-key publisher.pub',
      'exit code 6 if a file was changed, added or removed, or another key signed it',
    ],
  ],
  run(call) {
    return { keygen, sign, verify }[call.positionals[0] as (typeof actions)[number]](call);
  },
});

async function keygen({ options, positionals }: SigningCall): Promise<Outcome> {
  const keys = await createKeys(pathOf(positionals, 'a file for the private key'), options.kind);
  return { data: keys, text: () => keysText(keys) };
}

async function sign({ options, positionals }: SigningCall): Promise<Outcome> {
  const folder = pathOf(positionals, 'the folder of the model');
  const signed = await signFolder(folder, options);
  return { data: { folder, ...signed }, text: () => signedText(folder, signed) };
}

async function verify({ options, positionals }: SigningCall): Promise<Outcome> {
  const folder = pathOf(positionals, 'the folder of the model');
  const verified = await verifyFolder(folder, options);
  return { data: { folder, ...verified }, text: () => verifiedModelText(folder, verified) };
}

function pathOf([action, path]: readonly string[], what: string): string {
  if (path !== undefined) return path;
  const hint = `name ${what}: "mnist signing ${action ?? ''} PATH"`;
  throw new ToolkitError('USAGE', { message: `"signing ${action ?? ''}" needs ${what}`, hint });
}
