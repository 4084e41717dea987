/** Registers the gradients of tfjs's kernels, and has nothing to give. */
export {};
