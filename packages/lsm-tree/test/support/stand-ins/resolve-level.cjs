// Loaded first: whoever asks for `level` gets the stand-in, also where a `level` is installed within reach.
const Module = require("node:module");
const path = require("node:path");

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) =>
  resolve(request === "level" ? path.join(__dirname, "level") : request, ...rest);
