import { z } from 'zod';

import { AuditLog } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { registryDirOption } from '../../core/config/common-options.js';
import { verifyRecords } from '../../deployment/registry-records.js';
import { privacyAuditFields } from '../../stages/audit/privacy-audit-options.js';
import { auditText, auditVerifiedText } from '../terminal/results/audit.js';
import type { Outcome } from '../terminal/reporter.js';
import { privacy, privacyAction } from './audit/privacy.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['verify', 'list', 'privacy'] as const;

const space = withCommonOptions(
  z.strictObject({
    expect: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({
        description: 'verify: earlier head hash that must still be in the chain',
        allowed: '64 hexadecimal digits',
        placeholder: 'HASH',
      }),
    ...privacyAuditFields.shape,
    registryDir: registryDirOption,
  }),
);

type AuditCall = Call<typeof space>;

export const auditCommand = defineCommand({
  summary: 'verify or list the log of deploys, promotions and rollbacks; attack a model’s privacy',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    { name: 'subject', description: 'privacy: checkpoint to attack', required: false, kind: 'checkpoint' },
  ],
  space,
  actions: {
    verify: { options: ['expect', 'registryDir'] },
    list: { options: ['registryDir'] },
    ...privacyAction,
  },
  examples: [
    [
      'mnist audit verify',
      'exit code 3 if a record was changed, removed or inserted, 6 if the registry differs from it',
    ],
    ['mnist audit verify --expect HASH', 'also if records were cut off since that hash was printed'],
    ['mnist audit list', 'who did what and when'],
    ['mnist audit privacy latest', 'what a model gives away about its training images'],
  ],
  run(call) {
    return { verify, list, privacy }[call.positionals[0] as (typeof actions)[number]](call);
  },
});

async function verify({ options }: AuditCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const log = new AuditLog(registry.auditFile);
  // First, because it says more of a log that is missing beside versions.
  const { unrecorded } = await verifyRecords(registry);
  const summary = await log.verify(options.expect);
  return {
    data: { log: log.path, ...summary, unrecorded },
    text: () => auditVerifiedText(log.path, summary, unrecorded),
  };
}

async function list({ options }: AuditCall): Promise<Outcome> {
  const records = await new AuditLog(new ModelRegistry(options.registryDir).auditFile).read();
  return { data: { records }, text: () => auditText(records) };
}
