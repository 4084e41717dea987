import { z } from 'zod';

import { AuditLog } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { registryDirOption } from '../../core/config/common-options.js';
import { verifyRecords } from '../../deployment/registry-records.js';
import { logHeadFields } from '../../stages/audit/audit-options.js';
import { verifyKept } from '../../stages/audit/kept-checkpoints.js';
import { privacyAuditFields } from '../../stages/audit/privacy-audit-options.js';
import { auditText, auditVerifiedText } from '../terminal/results/audit.js';
import { keptText } from '../terminal/results/proof/log-heads.js';
import type { Outcome } from '../terminal/reporter.js';
import { check, checkpoint, headActions, proveLine } from './audit/heads.js';
import { privacy, privacyAction } from './audit/privacy.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['verify', 'list', 'checkpoint', 'prove', 'check', 'privacy'] as const;

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
    ...logHeadFields,
    ...privacyAuditFields.shape,
    registryDir: registryDirOption,
  }),
);

type AuditCall = Call<typeof space>;

export const auditCommand = defineCommand({
  summary: 'verify, list or sign the audit log; attack a model’s privacy',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'subject',
      description: 'prove: line of the log; check: file with a proof; privacy: checkpoint to attack',
      required: false,
      kind: 'file',
    },
  ],
  space,
  actions: {
    verify: { options: ['expect', 'witness', 'verifyKey', 'registryDir'] },
    list: { options: ['registryDir'] },
    ...headActions,
    ...privacyAction,
  },
  examples: [
    [
      'mnist audit verify',
      'exit code 3 if a record was changed, removed or inserted, 6 if the registry differs from it',
    ],
    ['mnist audit verify --expect HASH', 'also if records were cut off since that hash was printed'],
    [
      'mnist audit checkpoint --sign-key auditor.pem --witness /mnt/usb/log',
      'sign the log’s head and keep it elsewhere: the log can then only grow',
    ],
    [
      'mnist audit verify --witness /mnt/usb/log --verify-key auditor.pub',
      'detect a log that was cut, rewritten or restored from an older copy',
    ],
    ['mnist audit list', 'who did what and when'],
    ['mnist audit privacy latest', 'what a model gives away about its training images'],
  ],
  run(call) {
    return { verify, list, checkpoint, prove: proveLine, check, privacy }[
      call.positionals[0] as (typeof actions)[number]
    ](call);
  },
});

async function verify({ options }: AuditCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const log = new AuditLog(registry.auditFile);
  // First, because it says more of a log that is missing beside versions.
  const { unrecorded } = await verifyRecords(registry);
  const summary = await log.verify(options.expect);
  const witnessed = await verifyKept(options);
  return {
    data: { log: log.path, ...summary, unrecorded, witnessed },
    text: () => [auditVerifiedText(log.path, summary, unrecorded), ...witnessed.map(keptText)].join('\n'),
  };
}

async function list({ options }: AuditCall): Promise<Outcome> {
  const records = await new AuditLog(new ModelRegistry(options.registryDir).auditFile).read();
  return { data: { records }, text: () => auditText(records) };
}
