/** Which device is to compute: the GPU where there is one, a GPU or nothing, or the CPU whatever there is. */
export const deviceNames = ['auto', 'gpu', 'cpu'] as const;

export type DeviceName = (typeof deviceNames)[number];
