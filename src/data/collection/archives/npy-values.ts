import type { NpyHeader } from './npy.js';

/** Whether the elements of an array are strings. */
export function holdsTexts({ type }: NpyHeader): boolean {
  return type[1] === 'U' || type[1] === 'S';
}

/** Decodes the elements of a numeric array. Integers beyond 2⁵³ are rounded; pixels and labels are smaller. */
export function npyNumbers({ type, elementBytes }: NpyHeader, data: Buffer): Float64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const read = numberReader(view, type[1]!, elementBytes, !type.startsWith('>'));
  return Float64Array.from({ length: Math.floor(data.length / elementBytes) }, (_, index) =>
    read(index * elementBytes),
  );
}

function numberReader(
  view: DataView,
  kind: string,
  bytes: number,
  isLittle: boolean,
): (at: number) => number {
  switch (`${kind}${bytes}`) {
    case 'i1':
      return (at) => view.getInt8(at);
    case 'u2':
      return (at) => view.getUint16(at, isLittle);
    case 'i2':
      return (at) => view.getInt16(at, isLittle);
    case 'u4':
      return (at) => view.getUint32(at, isLittle);
    case 'i4':
      return (at) => view.getInt32(at, isLittle);
    case 'u8':
      return (at) => Number(view.getBigUint64(at, isLittle));
    case 'i8':
      return (at) => Number(view.getBigInt64(at, isLittle));
    case 'f2':
      return (at) => halfFloat(view.getUint16(at, isLittle));
    case 'f4':
      return (at) => view.getFloat32(at, isLittle);
    case 'f8':
      return (at) => view.getFloat64(at, isLittle);
    default:
      return (at) => view.getUint8(at);
  }
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 0) return sign * 2 ** -14 * fraction;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction);
}

/** Decodes the elements of a string array (UTF-32 or bytes), padded with zeros. */
export function npyTexts({ type, elementBytes }: NpyHeader, data: Buffer): string[] {
  return Array.from({ length: Math.floor(data.length / elementBytes) }, (_, index) => {
    const element = data.subarray(index * elementBytes, (index + 1) * elementBytes);
    return (type[1] === 'S' ? element.toString('utf8') : utf32(element, type.startsWith('>'))).replace(
      /\0+$/,
      '',
    );
  });
}

function utf32(element: Buffer, isBig: boolean): string {
  let text = '';
  for (let at = 0; at < element.length; at += 4) {
    const code = isBig ? element.readUInt32BE(at) : element.readUInt32LE(at);
    text += String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd);
  }
  return text;
}
