import { ModelRegistry } from '../../artifacts/model-registry.js';
import { readPolicy } from '../../artifacts/policy/policy-chain.js';
import { ToolkitError } from '../../core/errors.js';
import { applyPolicy } from '../../deployment/policy/apply.js';
import {
  createPolicy,
  policyFields,
  showPolicy,
  signPolicy,
  summaryOf,
  type PolicySummary,
} from '../../stages/policy/policy.js';
import { policyText } from '../terminal/results/proof/policy.js';
import type { Outcome } from '../terminal/reporter.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['create', 'sign', 'apply', 'show'] as const;

const space = withCommonOptions(policyFields);

type PolicyCall = Call<typeof space>;

export const policyCommand = defineCommand({
  summary: 'set who may publish, approve and audit models',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'file',
      description: 'policy file; default for show: the registry’s policy',
      required: false,
      kind: 'file',
    },
  ],
  space,
  actions: {
    create: {
      options: [
        ...['root', 'publisher', 'approver', 'auditor', 'roots', 'approvals', 'auditors', 'days'],
        'registryDir',
      ],
      arguments: 1,
    },
    sign: { options: ['signKey', 'registryDir'], arguments: 1 },
    apply: { options: ['registryDir'], arguments: 1 },
    show: { options: ['registryDir'], arguments: 1 },
  },
  examples: [
    [
      'mnist policy create p.json --root r.pub --publisher ci.pub --approver a.pub',
      'a policy in a file: who publishes, and who approves what is promoted',
    ],
    ['mnist policy sign policy.json --sign-key root.pem', 'sign it, as one of its roots'],
    ['mnist policy apply policy.json', 'make it the registry’s policy: from now on, all is verified'],
    ['mnist policy create next.json --days 365', 'renew it; sign and apply it as before'],
  ],
  run(call) {
    return { create, sign, apply, show }[call.positionals[0] as (typeof actions)[number]](call);
  },
});

async function create({ options, positionals }: PolicyCall): Promise<Outcome> {
  return outcome(await createPolicy(fileOf(positionals), new ModelRegistry(options.registryDir), options));
}

async function sign({ options, positionals }: PolicyCall): Promise<Outcome> {
  return outcome(await signPolicy(fileOf(positionals), new ModelRegistry(options.registryDir), options));
}

async function apply({ options, positionals }: PolicyCall): Promise<Outcome> {
  const policy = await readPolicy(fileOf(positionals));
  await applyPolicy(new ModelRegistry(options.registryDir), policy);
  return outcome(summaryOf(policy));
}

async function show({ options, positionals }: PolicyCall): Promise<Outcome> {
  return outcome(await showPolicy(positionals[1], new ModelRegistry(options.registryDir)));
}

function outcome(policy: PolicySummary): Outcome {
  return { data: policy, text: () => policyText(policy) };
}

function fileOf([action = '', file]: readonly string[]): string {
  if (file !== undefined) return file;
  const hint = `name it: "mnist policy ${action} FILE"`;
  throw new ToolkitError('USAGE', { message: `"policy ${action}" needs the file of a policy`, hint });
}
