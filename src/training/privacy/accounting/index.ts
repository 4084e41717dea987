export { epsilonOf, type Epsilons } from './epsilon.js';
export { noiseFor, type NoiseRequest } from './noise.js';
export type { PrivacyEvent } from './privacy-event.js';
