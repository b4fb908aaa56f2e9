// The one door from this package to the real `node:fs`: whose names are listed, whose streams are built upon, and whose
// properties a patch replaces. Nothing here opens, reads or changes a file of the disk.
import realFs from "node:fs";
import realPromises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

export { realFs, realPromises, syncBuiltinESMExports };

/** The `fs` module, as its users see it. */
export type NodeFs = typeof realFs;
/** The `fs/promises` module, as its users see it. */
export type NodeFsPromises = typeof realPromises;
export type { BigIntStats, Dirent as DirentType, Stats as AnyStats } from "node:fs";

// Taken when this module is loaded, so that a patch does not change them underneath.
export const Stats: NodeFs["Stats"] = realFs.Stats;
export const Dirent: NodeFs["Dirent"] = realFs.Dirent;
export const ReadStream: NodeFs["ReadStream"] = realFs.ReadStream;
export const WriteStream: NodeFs["WriteStream"] = realFs.WriteStream;
export const constants: NodeFs["constants"] = realFs.constants;
