/** A record of CIFAR's binary version: its labels, then 1,024 bytes of red, of green and of blue. */
export function cifarRecord(labels: readonly number[], planes: readonly (number | Uint8Array)[]): Buffer {
  const channels = planes.map((plane) =>
    typeof plane === 'number' ? Buffer.alloc(1024, plane) : Buffer.from(plane),
  );
  return Buffer.concat([Buffer.from(labels), ...channels]);
}
