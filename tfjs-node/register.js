'use strict';

// `node --require mnist-train/tfjs-node/register program.js` resolves @tensorflow/tfjs-node and -gpu to mnist-train/tfjs-node.
const Module = require('node:module');

const NAMES = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
const drop = require.resolve('./index.js');

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return NAMES.includes(request) ? drop : resolveFilename.call(this, request, ...rest);
};
