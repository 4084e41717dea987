import { z } from 'zod';

/** The options of training with several workers. */
export const workerFields = {
  workers: z.int().min(1).max(1024).default(1).meta({
    description: 'worker processes on this machine that train together, each with a part of every batch',
  }),
  restarts: z.int().min(0).max(1000).default(0).meta({
    description: 'with --workers: times that the run goes on by itself when a worker is lost',
  }),
  mpi: z.string().min(1).optional().meta({
    description: 'MPI library, or the folder that holds it, for several workers',
    placeholder: 'PATH',
    variable: 'MNIST_MPI',
  }),
};
