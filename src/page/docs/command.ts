import { shellQuoted } from '../../core/format.js';
import type { FilledRequest } from './filled-request.js';

/** A longer body is not shown in a command. */
const LONGEST_BODY = 400;

/** A request as a command of curl. The token is not shown: it would be copied along. */
export function commandOf({ method, url, token, body }: FilledRequest): string {
  const words = ['curl', ...(method === 'GET' ? [] : ['-X', method]), shellQuoted(url)];
  if (token !== '') words.push('-H', '"authorization: Bearer $TOKEN"');
  if (typeof body === 'string') {
    const data = body.length > LONGEST_BODY ? '@body.json' : body;
    words.push('-H', shellQuoted('content-type: application/json'), '--data', shellQuoted(data));
  } else if (body) {
    words.push(
      '-H',
      shellQuoted(`content-type: ${typeOf(body)}`),
      '--data-binary',
      shellQuoted(`@${body.name}`),
    );
  }
  return words.join(' ');
}

/** The media type of a file that is sent. */
export function typeOf({ type }: File): string {
  return type === '' ? 'application/octet-stream' : type;
}
