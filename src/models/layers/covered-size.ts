/** The height and width that an image is padded to, so that windows with some stride cover all of it. */
export function coveredSize(
  { height, width }: { height: number; width: number },
  { kernelSize, stride }: { kernelSize: number; stride: number },
): { height: number; width: number } {
  const covered = (size: number): number =>
    kernelSize + stride * Math.ceil(Math.max(size - kernelSize, 0) / stride);
  return { height: covered(height), width: covered(width) };
}
