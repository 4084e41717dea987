import { join } from 'node:path';

import { nodeSeal } from '../../deployment/encrypted/load-seal.js';
import type { StaticFiles } from '../http/static-files.js';
import type { EncryptedService } from './encrypted-service.js';

/** The files of Microsoft SEAL for the page, which makes its keys in the browser. */
export function pageSeal({ sealFolder }: Pick<EncryptedService, 'sealFolder'>): StaticFiles {
  return new Map([...nodeSeal.files.keys()].map((name) => [name, join(sealFolder, name)]));
}
