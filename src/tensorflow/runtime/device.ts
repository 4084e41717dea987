/** The requested device; `auto`: the GPU if there is one, else the CPU. */
export const deviceNames = ['auto', 'gpu', 'cpu'] as const;

/** One of `deviceNames`. */
export type DeviceName = (typeof deviceNames)[number];
