/** The names of supported image files. */
const IMAGE_NAME = /\.(png|jpe?g|jfif|webp|gif|bmp|dib|tiff?|avif)$/i;

/** Unsupported picture formats, by file extension. */
const FOREIGN_PICTURES: readonly (readonly [name: RegExp, format: string])[] = [
  [/\.hei[cf]$/i, 'a HEIC picture'],
  [/\.svgz?$/i, 'an SVG drawing'],
  [/\.(jp2|j2k|jpx)$/i, 'a JPEG 2000 picture'],
  [/\.jxl$/i, 'a JPEG XL picture'],
  [/\.(psd|xcf)$/i, 'a layered picture of an image editor'],
  [/\.(p[gbpn]m|pcx|tga|ico|ras)$/i, 'a picture in a format that is not read'],
  [/\.(cr2|cr3|nef|arw|dng|orf|rw2)$/i, 'a raw picture of a camera'],
  [/\.(dcm|nii)$/i, 'a medical picture'],
  [/\.(mp4|mov|avi|mkv|webm)$/i, 'a film'],
  [/\.pdf$/i, 'a PDF document'],
];

/** Whether a file name is that of a supported image. */
export function isImageName(name: string): boolean {
  return IMAGE_NAME.test(name);
}

/** Names the unsupported format of a picture and what to do; undefined for other files. */
export function foreignPicture(name: string): string | undefined {
  const format = FOREIGN_PICTURES.find(([pattern]) => pattern.test(name))?.[1];
  return format && `${format}: convert it to PNG or JPEG`;
}
