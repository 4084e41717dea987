// Makes what is not committed of vendor/; vendor/README.md says what it is.
await Promise.all([
  import('./vendor-kernels.mjs'),
  import('./vendor-gradients.mjs'),
  import('./vendor-backends.mjs'),
  import('./vendor-data.mjs'),
]);
