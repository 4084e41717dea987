import { buildShareProgram } from '../../../src/engine/distributed/share-program.js';
import { shareBatch } from '../../../src/engine/sharding/shares.js';
import { SessionVariables } from '../../../src/engine/compiling/session-variables.js';
import { uploadImages } from '../../../src/engine/compiling/session-images.js';
import { traceStep } from '../../../src/engine/running/trace-step.js';
import { tensorFlowContext } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { Session } from '../../../src/tensorflow/c-api/session.js';
import { stepCoefficients } from '../../../src/training/step.js';
import { madeImages } from '../made-images.js';
import { netOf } from '../training-task.js';
import type { Exchange } from './cost.js';

/** Two workers of one image each exchange as much for each image as any others. */
const WORKERS = 2;

/** What is exchanged in a step of a model: the sums of each phase, and the bytes of rows for each image. */
export async function exchangesOf(model: string): Promise<Exchange[]> {
  const images = madeImages(WORKERS);
  const { step, optimizer, variables } = netOf(model, images);
  const { api, config } = tensorFlowContext();
  const session = new Session(api, config);
  try {
    await uploadImages(session, images.source);
    const trace = traceStep(step, images, WORKERS, stepCoefficients(optimizer, 1, 0.001, {}));
    const shares = shareBatch(WORKERS, WORKERS);
    const { phases } = buildShareProgram(trace, shares, 0, images, session, new SessionVariables(session));
    return phases.map(({ sums, rows }) => ({
      floats: sums?.floats ?? 0,
      rowBytes: rows.reduce((sum, { bytesPerImage }) => sum + bytesPerImage, 0),
    }));
  } finally {
    session.close();
    variables.dispose();
    images.dispose();
  }
}
