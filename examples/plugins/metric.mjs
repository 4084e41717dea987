// A custom metric: the share of images of one class that a person would look at, when shown all that might be of it.
// mnist-eval latest --metric ./metric.mjs --screened 3 --least 0.1
import { defineMetric, z } from 'mnist-train/plugins';

export default defineMetric({
  name: 'screening-recall',
  summary: 'recall of a class where every image counts that may be of it',
  source: 'an example of mnist-train, 2026',
  options: z.strictObject({
    screened: z.number().int().min(0).default(0).meta({ description: 'number of the class, from 0' }),
    least: z.number().min(0).max(1).default(0.1).meta({ description: 'least probability that counts' }),
  }),
  measure({ screened, least }, { probabilities, labels, classes }) {
    const rows = [...labels.keys()].filter((row) => labels[row] === screened);
    const found = rows.filter((row) => probabilities[row * classes + screened] >= least);
    return found.length / Math.max(1, rows.length);
  },
});
