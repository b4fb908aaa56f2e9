import type { FileStat } from "@holdfast/fs-seam";
import type { Attributes } from "./attribute-table.js";
import { constants, Dirent, realFs, Stats, type AnyStats, type BigIntStats, type DirentType } from "./real-node.js";

const { S_IFREG, S_IFDIR } = constants;
const blockBytes = 4096;
/** One device for everything, unlike any real one in size. */
const device = 0x7fff_0001;

function modeOf(attributes: Attributes): number {
  return attributes.mode | (attributes.kind === "directory" ? S_IFDIR : S_IFREG);
}

/** What `stat` tells, as an instance of Node's own class, made without its deprecated constructor. */
export function statsOf(stat: FileStat, attributes: Attributes, bigint: boolean): AnyStats | BigIntStats {
  const directory = attributes.kind === "directory";
  const whole = {
    dev: device,
    mode: modeOf(attributes),
    nlink: directory ? 2 : stat.links,
    uid: attributes.uid,
    gid: attributes.gid,
    rdev: 0,
    blksize: blockBytes,
    ino: attributes.ino,
    size: directory ? blockBytes : stat.size,
    blocks: Math.ceil((directory ? blockBytes : stat.allocatedBytes) / 512),
  };
  const { atimeMs, mtimeMs, ctimeMs, birthtimeMs } = attributes;
  const times = { atimeMs, mtimeMs, ctimeMs, birthtimeMs };
  const dates = {
    atime: new Date(atimeMs),
    mtime: new Date(mtimeMs),
    ctime: new Date(ctimeMs),
    birthtime: new Date(birthtimeMs),
  };
  if (!bigint) return withFields(Stats.prototype, { ...whole, ...times, ...dates }) as AnyStats;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(whole)) fields[name] = BigInt(value);
  for (const [name, value] of Object.entries(times)) fields[name] = BigInt(Math.floor(value));
  for (const [name, value] of Object.entries(times)) {
    fields[name.replace("Ms", "Ns")] = BigInt(Math.round(value * 1000)) * 1000n; // microseconds are what a double holds
  }
  return withFields(bigintPrototype(), { ...fields, ...dates }) as BigIntStats;
}

/** Fields of the object's own: newer versions of Node have dates as accessors of the prototype. */
function withFields(prototype: object, fields: Record<string, unknown>): object {
  const made: object = Object.create(prototype);
  for (const name in fields) {
    Object.defineProperty(made, name, { value: fields[name], writable: true, enumerable: true, configurable: true });
  }
  return made;
}

const { statSync } = realFs;
let knownBigintPrototype: object | undefined;

/** Node does not export the class; any real one has it. */
function bigintPrototype(): object {
  knownBigintPrototype ??= Object.getPrototypeOf(statSync(process.execPath, { bigint: true })) as object;
  return knownBigintPrototype;
}

// Node's own constants, whose declaration leaves them out.
const { UV_DIRENT_FILE: uvFile = 1, UV_DIRENT_DIR: uvDirectory = 2 } = constants as Partial<Record<string, number>>;

/** An entry of a listing. The constructor is the one Node uses; its declaration leaves the parameters out. */
export function direntOf(name: string | Buffer, kind: FileStat["kind"], parentPath: string): DirentType {
  const type = kind === "directory" ? uvDirectory : uvFile;
  const Constructor = Dirent as unknown as new (name: string | Buffer, type: number, path: string) => DirentType;
  return new Constructor(name, type, parentPath);
}
