import { count } from '../../../core/format.js';
import type { CheckpointDescription } from '../../../artifacts/checkpoint.js';
import { privacyText, type PrivacyAccount } from '../../../artifacts/privacy.js';
import { details, factsTable, section } from '../../drawing/page-parts.js';
import type { ReportContent } from '../content.js';

/** Checkpoints, data, machines and options. */
export function provenance({ evaluation, descriptions }: ReportContent): string {
  const { subject, timing } = evaluation;
  const paths = subject.members?.map(({ checkpoint }) => checkpoint) ?? [subject.checkpoint];
  const facts: [string, string][] = [
    ...descriptions.flatMap((description, index) => checkpointFacts(description, paths[index]!)),
    ['Evaluated with', `${timing.backend}, ${timing.device}, ${timing.seconds.toFixed(2)} s`],
  ];
  const keys = [...new Set(descriptions.flatMap(({ config }) => Object.keys(config)))];
  const options = keys.map((key) => [
    key,
    ...descriptions.map(({ config }) => (key in config ? JSON.stringify(config[key]) : '')),
  ]);
  const runs = descriptions.map(({ run }) => run);
  return section(
    'provenance',
    'Provenance',
    `${factsTable(facts)}${details('Training options', ['Option', ...runs], options)}`,
    'wide',
  );
}

function checkpointFacts(
  { toolkit, machine, data, model, random, privacy }: CheckpointDescription,
  path: string,
): [string, string][] {
  return [
    ['Checkpoint', path],
    [
      'Trained on',
      `${data.dataset}, ${count(data.trainingImages)} images, fingerprint ${data.fingerprint.slice(0, 16)}…`,
    ],
    ...(privacy ? [['Privacy of the training images', privacyFacts(privacy)] as [string, string]] : []),
    ['Parameters', count(model.parameters)],
    ['Seed', String(random.seed)],
    [
      'Trained with',
      `mnist-train ${toolkit}, ${machine.backend} ${machine.backendVersion}, ${machine.device}, Node.js ${machine.node}`,
    ],
  ];
}

function privacyFacts(account: PrivacyAccount): string {
  const { noiseMultiplier, sampleRate, steps, clipNorm, validation } = account;
  return `${privacyText(account)} for adding or removing one image; ${count(steps)} steps, noise ${noiseMultiplier.toPrecision(4)}, sample rate ${sampleRate.toPrecision(4)}, clipping norm ${clipNorm}; validation images ${validation === 'public' ? 'declared public' : 'not used'}`;
}
