import koffi from 'koffi';

// Kernels that run on the calling thread need a larger stack than koffi's default of 128 KiB. This must be set before the first
// library is loaded, so every module imports koffi from here.
koffi.config({ async_stack_size: 8 << 20 });

export { koffi };
