import { z } from 'zod';

/** The options of training with several workers. */
export const workerFields = {
  workers: z.int().min(1).max(1024).default(1).meta({
    description: 'worker processes on this machine that train together, each with a part of every batch',
  }),
  restarts: z.int().min(0).max(1000).default(0).meta({
    description: 'with several workers: times that the run goes on by itself with as many when one is lost',
  }),
  elastic: z
    .string()
    .regex(/^[1-9]\d{0,3}:[1-9]\d{0,3}$/)
    .optional()
    .meta({
      description:
        'in the place of --workers: one for each core, in this range; fewer go on when one is lost',
      allowed: 'the least and the most workers, such as 2:8',
      placeholder: 'MIN:MAX',
    }),
  mpi: z.string().min(1).optional().meta({
    description: 'MPI library, or the folder that holds it, for several workers',
    placeholder: 'PATH',
    variable: 'MNIST_MPI',
  }),
};
