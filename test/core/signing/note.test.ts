import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import {
  anyNameVerifiers,
  isKeyName,
  parseVerifier,
  signatureLine,
  splitNote,
  verifiedSignatures,
  verifierText,
} from '../../../src/core/signing/note.js';

const go = JSON.parse(readFileSync('test/fixtures/log-heads.json', 'utf8')) as {
  verifier: string;
  note: string;
};

/** The example of C2SP's tlog-cosignature. */
const COSIGNED = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;

it('opens a note that Go signed, with Go’s text of the key', () => {
  const { text, lines } = splitNote(go.note)!;
  const verifier = parseVerifier(go.verifier)!;
  expect(text.split('\n')[1]).toBe('9');
  expect(verifiedSignatures(text, lines, [verifier])).toMatchObject([
    { name: 'example.com/log', time: undefined },
  ]);
  expect(verifierText('example.com/log', verifier.key)).toBe(go.verifier);
  expect(verifiedSignatures(text, lines, anyNameVerifiers(verifier.key))).toHaveLength(1);
  const other = anyNameVerifiers(generateKeyPairSync('ed25519').publicKey);
  expect(verifiedSignatures(text, lines, other)).toEqual([]);
  expect(verifiedSignatures(text.replace('9', '8'), lines, [verifier])).toBeUndefined();
});

it('reads notes with several signatures, and refuses what is none', () => {
  expect(splitNote(COSIGNED)?.lines).toHaveLength(2);
  const wrong = [
    '',
    'text',
    'text\n\n',
    go.note.trimEnd(),
    go.note.replace('—', '-'),
    go.note.replace('9', '\t'),
  ];
  for (const note of wrong) expect(splitNote(note)).toBeUndefined();
  expect([isKeyName('a+b'), isKeyName('a b'), isKeyName(''), isKeyName('example.com/log')]).toEqual([
    ...[false, false, false],
    true,
  ]);
});

it.each(['', 'name', 'a+00000000+AQ==', go.verifier.replace(/\+.{8}\+/, '+00000000+'), `${go.verifier}AA`])(
  'refuses the key "%s"',
  (text) => {
    expect(parseVerifier(text)).toBeUndefined();
  },
);

it('signs what it verifies, one line for each key', () => {
  const keys = [0, 1].map(() => generateKeyPairSync('ed25519'));
  const text = 'a\nb\n';
  const signed = keys.map(({ privateKey: key, publicKey }, at) =>
    signatureLine(text, `key${at}`, { key, publicKey }),
  );
  const { lines } = splitNote(`${text}\n${signed.join('')}`)!;
  const verifiers = keys.flatMap(({ publicKey }) => anyNameVerifiers(publicKey));
  expect(verifiedSignatures(text, lines, verifiers)?.map(({ name }) => name)).toEqual(['key0', 'key1']);
});
