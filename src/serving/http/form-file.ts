import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';

import { HttpError } from '../http-errors.js';

/** A form may have some other fields, which are ignored. */
const LIMITS = { files: 1, fields: 8, fieldSize: 1024, fieldNameSize: 100, parts: 10, headerPairs: 32 };

/** The one file in a form (multipart/form-data). Throws BAD_REQUEST where there is none, more than one, or the form is damaged. */
export function fileOfForm(body: Buffer, contentType: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => {
      reject(new HttpError('BAD_REQUEST', message));
    };
    const form = open(contentType, refuse);
    if (!form) return;
    let file: Buffer | undefined;
    form.on('file', (_field, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => (file = Buffer.concat(chunks)));
      // A form that ends within a file: without a listener, the error would end the process.
      stream.on('error', () => {
        refuse('the form is damaged');
      });
    });
    form.on('filesLimit', () => {
      refuse('the form has more than one file');
    });
    form.on('partsLimit', () => {
      refuse('the form has too many parts');
    });
    form.on('error', () => {
      refuse('the form is damaged');
    });
    form.on('finish', () => {
      if (file) resolve(file);
      else refuse('the form has no file: send one with a file name');
    });
    form.end(body);
  });
}

function open(contentType: string, refuse: (message: string) => void): BusboyInstance | undefined {
  try {
    const headers: BusboyHeaders = { 'content-type': contentType };
    return new Busboy({ headers, limits: LIMITS });
  } catch {
    refuse('the form’s content type has no boundary');
    return undefined;
  }
}
