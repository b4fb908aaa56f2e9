import { invalidValue, wholeNumber } from "./call-arguments.js";
import { constants } from "./real-node.js";

/** What the flags of an open ask for. */
export interface OpenFlags {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly directory: boolean;
  /** Every write is followed by this barrier: `O_DSYNC` and `O_SYNC`. */
  readonly syncEach: "data" | "full" | undefined;
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC } = constants;
// Undefined on Windows, whatever their type says; as bits that is none.
const { O_SYNC, O_DSYNC, O_DIRECTORY } = constants;

const bitsOfText: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  "r+": O_RDWR,
  "rs+": O_RDWR | O_SYNC,
  "sr+": O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  xw: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  "w+": O_TRUNC | O_CREAT | O_RDWR,
  "wx+": O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  "xw+": O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  xa: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  sa: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  "a+": O_APPEND | O_CREAT | O_RDWR,
  "ax+": O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  "xa+": O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  "as+": O_APPEND | O_CREAT | O_RDWR | O_SYNC,
  "sa+": O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

const parsed = new Map<number, OpenFlags>();

/** Flags as text or as a number. */
export function openFlags(value: unknown): OpenFlags {
  const bits = bitsOf(value);
  let flags = parsed.get(bits);
  if (flags === undefined) parsed.set(bits, (flags = parse(bits)));
  return flags;
}

function bitsOf(value: unknown): number {
  if (value === undefined || value === null) return O_RDONLY;
  if (typeof value === "number") return wholeNumber(value, "flags", -(2 ** 31), 2 ** 31 - 1);
  const bits = typeof value === "string" && Object.hasOwn(bitsOfText, value) ? bitsOfText[value] : undefined;
  if (bits === undefined) throw invalidValue("flags", value);
  return bits;
}

function parse(bits: number): OpenFlags {
  const access = bits & (O_WRONLY | O_RDWR);
  const has = (flag: number): boolean => (bits & flag) !== 0 && (bits & flag) === flag;
  return {
    readable: access !== O_WRONLY,
    writable: access !== O_RDONLY,
    append: has(O_APPEND),
    create: has(O_CREAT),
    exclusive: has(O_EXCL),
    truncate: has(O_TRUNC),
    directory: has(O_DIRECTORY),
    syncEach: has(O_SYNC) ? "full" : has(O_DSYNC) ? "data" : undefined,
  };
}
