/**
 * Entry `@holdfast/crash-test/node`: `node:fs` over a simulated file system, for code that takes an `fs` and for code
 * that imports it.
 * @packageDocumentation
 */
export { createNodeFs, type NodeFsOptions } from "./node-fs.js";
export { patchNodeFs, type NodeFsPatch } from "./patch.js";
export { NodeFsError, nodeFsErrorCodes, type NodeFsErrorCode } from "./node-fs-error.js";
export type { NodeFs, NodeFsPromises } from "./real-node.js";
