import { count } from '../../../core/format.js';
import type { CheckpointDescription } from '../../../artifacts/checkpoint.js';
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
  { toolkit, machine, data, model, random }: CheckpointDescription,
  path: string,
): [string, string][] {
  return [
    ['Checkpoint', path],
    [
      'Trained on',
      `${data.dataset}, ${count(data.trainingImages)} images, fingerprint ${data.fingerprint.slice(0, 16)}…`,
    ],
    ['Parameters', count(model.parameters)],
    ['Seed', String(random.seed)],
    [
      'Trained with',
      `mnist-train ${toolkit}, ${machine.backend} ${machine.backendVersion}, ${machine.device}, Node.js ${machine.node}`,
    ],
  ];
}
