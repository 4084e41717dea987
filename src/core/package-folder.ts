/**
 * The folder of this package, as a URL. The compiled files lie two levels below it wherever a file asks: in `dist/core` as part of the
 * library, and in `dist/program` as part of the bundled command line.
 */
export const packageFolder = new URL('../../', import.meta.url);
