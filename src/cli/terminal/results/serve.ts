import type { ServeResult } from '../../../stages/serve/serve.js';
import { cleanDeep } from '../clean.js';
import { count, duration } from '../format.js';
import type { Style } from '../style.js';

/** The end of a server, for people: how long it ran and whether every request was answered. */
export function servedText(given: ServeResult, { yellow }: Style): string {
  const { models, seconds, cutOff } = cleanDeep(given);
  const served = `served ${models.join(', ')} for ${duration(seconds)}`;
  if (cutOff === 0) return `${served}; every request was answered`;
  const requests = `${count(cutOff)} ${cutOff === 1 ? 'request' : 'requests'}`;
  return `${served}; ${yellow(`${requests} cut off unanswered`)}: not finished within the time for stopping`;
}
