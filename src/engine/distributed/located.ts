import type { NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';

/** The phase of what every phase can compute itself: constants, variables, and what each is fed. */
export const ANYTIME = -1;

/** A value in the graph: the phase that computes it, and its node there. */
export interface Located {
  readonly phase: number;
  /** Whether all later phases are fed with it too: it comes from an exchange. */
  readonly isFed?: true;
  readonly node: (phase: number) => NodeOutput;
}

/** The graph's nodes for the tensors that come from outside the step. */
export interface ShareContext {
  /** The step's parameters, in order: as a whole, and, of a batch, this worker's rows. */
  parameters: readonly { whole: Located; own?: Located }[];
  /** Reads a variable's value before the step, by its id in the trace. */
  read: (variable: number) => NodeOutput;
  /** The resource handle of a variable, by its id in the trace. */
  handle: (variable: number) => NodeOutput;
  constant: (tensor: HostTensor) => NodeOutput;
}
