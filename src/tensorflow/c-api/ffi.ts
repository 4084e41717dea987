import koffi from 'koffi';

// Kernels that run on the calling thread need more than koffi's 128 KiB. It has to be said before any library is loaded, so
// everything that loads one takes koffi from here.
koffi.config({ async_stack_size: 8 << 20 });

export { koffi };
