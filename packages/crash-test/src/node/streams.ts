import { isVirtualDescriptor } from "./open-file.js";
import { ReadStream as RealReadStream, WriteStream as RealWriteStream } from "./real-node.js";
import type { Turns } from "./turns.js";

type AnyCall = (...values: unknown[]) => unknown;
type StreamOptions = Readonly<Record<string, unknown>>;
type StreamClass = new (path: unknown, options: StreamOptions) => object;

/** What Node's own stream classes call instead of the real functions: they take it as their option `fs`. */
const streamCalls = ["open", "read", "write", "writev", "close", "fsync", "fdatasync"];

/**
 * Node's own streams on the functions of a facade. A stream opens and writes long after the program made it, so its calls
 * count as made where the program made the stream.
 */
export function streamFunctions(functions: Readonly<Record<string, AnyCall>>, turns: Turns): Record<string, AnyCall> {
  const calls = (): Record<string, AnyCall> => {
    const origin = turns.begin();
    const bound: Record<string, AnyCall> = {};
    for (const name of streamCalls) {
      const call = functions[name];
      if (call !== undefined) bound[name] = (...values) => origin.now(() => call(...values));
    }
    return bound;
  };
  const optionsFor = (options: unknown): StreamOptions => {
    const given: StreamOptions =
      typeof options === "string" ? { encoding: options } : { ...(options as StreamOptions) };
    return { fs: calls(), ...given, ...(given["fd"] === undefined ? {} : { fd: descriptorOf(given["fd"]) }) };
  };
  const ReadStream = streamClass(RealReadStream as unknown as StreamClass, optionsFor);
  const WriteStream = streamClass(RealWriteStream as unknown as StreamClass, optionsFor);
  return {
    ReadStream,
    WriteStream,
    FileReadStream: ReadStream,
    FileWriteStream: WriteStream,
    createReadStream: (path, options) => Reflect.construct(RealReadStream, [path, optionsFor(options)]),
    createWriteStream: (path, options) => Reflect.construct(RealWriteStream, [path, optionsFor(options)]),
  };
}

/** A stream takes a number beside an `fs` of its own; a handle hears of the close through its descriptor. */
function descriptorOf(fd: unknown): unknown {
  if (typeof fd !== "object" || fd === null || !("fd" in fd)) return fd;
  return isVirtualDescriptor(fd.fd) ? fd.fd : fd;
}

/**
 * A class that is also called without `new`, and on objects made elsewhere: Node's own are functions of the old kind, and
 * programs inherit from them in the old way.
 */
function streamClass(Real: StreamClass, optionsFor: (options: unknown) => StreamOptions): AnyCall {
  const construct = function (this: unknown, path: unknown, options: unknown): unknown {
    if (!(this instanceof Real)) return Reflect.construct(Real, [path, optionsFor(options)]);
    Reflect.apply(Real as unknown as AnyCall, this, [path, optionsFor(options)]);
    return undefined;
  };
  Object.defineProperty(construct, "name", { value: Real.name });
  Object.setPrototypeOf(construct, Real);
  construct.prototype = Real.prototype;
  return construct;
}
