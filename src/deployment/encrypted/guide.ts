import { join } from 'node:path';

import { writeFileAtomically } from '../../core/files.js';
import { plainMarkdown } from '../web/guide.js';
import type { EncryptedModel } from './description.js';
import { encryptedFiles } from './folder.js';

/** Writes the README of the folder. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function guideFor({ description }: EncryptedModel, folder: string): Promise<void> {
  await writeFileAtomically(join(folder, 'README.md'), guide(description.run));
}

function guide(run: string): string {
  return `# ${plainMarkdown(run)} for encrypted images

\`${encryptedFiles.weights}\` holds the weights as the server computes with them, \`${encryptedFiles.description}\` what clients need to know; it is public.

Server, with this folder and the run's checkpoint (Node.js 22 or later):

    mnist serve CHECKPOINT --encrypted FOLDER

Client, with \`${encryptedFiles.description}\` alone, from here or from the server's \`/encrypted/model\`:

    mnist encrypted keygen ${encryptedFiles.description} --keys my-keys
    curl --data-binary @my-keys/evaluation.keys http://localhost:8080/encrypted/keys
    mnist encrypted encrypt seven.png --keys my-keys --output seven.encrypted
    curl --data-binary @seven.encrypted http://localhost:8080/encrypted/classify > answer.encrypted
    mnist encrypted decrypt answer.encrypted --keys my-keys

Never send \`my-keys/secret.key\`, and do not send decrypted scores back to the server: with many of them it could compute the key.
`;
}
