import type { StoreFs } from "@holdfast/fs-seam";
import { promisify } from "node:util";
import { callbackOf, pathText } from "./call-arguments.js";
import { isRefusal, NodeFsError, unsupported } from "./node-fs-error.js";
import { makeFacade, type Facade, type NodeFsOptions } from "./node-fs.js";
import { isVirtualDescriptor } from "./open-file.js";
import { realFs, realPromises, syncBuiltinESMExports, type NodeFs } from "./real-node.js";
import { systemError } from "./system-error.js";
import { Turns } from "./turns.js";
import { VirtualFileHandle } from "./virtual-file-handle.js";

/** A patch that is in place. */
export interface NodeFsPatch {
  /** Path below which the file system under test is; the first one when there are several. */
  readonly root: string;
  /** The facade in use. */
  readonly fs: NodeFs;
  /**
   * Puts another file system below the same paths, as a restart on another disk does. Descriptors of the one before are
   * closed to the program; calls of it that have not completed act on whichever is there when they go on.
   */
  mount(fs: StoreFs): NodeFs;
  /** Puts everything back as it was. Doing it twice is no error. */
  restore(): void;
  [Symbol.dispose](): void;
}

type AnyCall = (...values: unknown[]) => unknown;
type Module = Record<string, unknown>;

/** Says that a property of the real module is ours already, whichever copy of this package put it there. */
const mark = Symbol.for("@holdfast/crash-test/node");

/**
 * The facade that paths under the root lead to. The functions that a patch puts into the modules are made once and look
 * here at each call: programs keep them (`promisify(fs.rename)` when a module is loaded), beyond one patch and into the next.
 */
let active: Facade | undefined;

/** What stood in the real modules when they were patched, by dispatcher. */
const originals = new Map<string, AnyCall>();
const dispatchers = new Map<string, AnyCall>();

/**
 * Puts a facade under unmodified code: for paths below `root`, the functions of `node:fs` and `node:fs/promises` act on
 * `fs`, however a program imports them, and until `restore()`. Everything else goes to the real functions untouched.
 *
 * Code that took a function out of the module before the patch keeps the real one: load what is under test afterwards.
 *
 * @param options - as for {@link createNodeFs}, but `root` is `/crash` unless said otherwise.
 * @throws {@link NodeFsError} `NODE_FS_ALREADY_PATCHED`, `NODE_FS_INVALID_OPTION`
 */
export function patchNodeFs(fs: StoreFs, options: NodeFsOptions = {}): NodeFsPatch {
  if (active !== undefined || mark in realFs.open) {
    throw new NodeFsError(
      "NODE_FS_ALREADY_PATCHED",
      "patchNodeFs",
      "node:fs is patched; restore it first, or use mount()",
    );
  }
  const facade = makeFacade(fs, options, "/crash");
  const undo = [...patchModule(realFs, "", facade.fs), ...patchModule(realPromises, "promises.", facade.promises)];
  active = facade;
  syncBuiltinESMExports();
  let restored = false;
  const restore = (): void => {
    if (restored) return;
    restored = true;
    for (const [module, name, descriptor] of undo) Object.defineProperty(module, name, descriptor);
    active = undefined;
    syncBuiltinESMExports();
  };
  return {
    root: facade.paths.root,
    get fs(): NodeFs {
      return (active ?? facade).fs as unknown as NodeFs; // as createNodeFs makes it
    },
    mount(next: StoreFs): NodeFs {
      if (restored) throw new NodeFsError("NODE_FS_INVALID_OPTION", "mount", "the patch has been restored");
      active = makeFacade(next, options, "/crash");
      return active.fs as unknown as NodeFs; // as createNodeFs makes it
    },
    restore,
    [Symbol.dispose]: restore,
  };
}

type Undo = readonly [module: object, name: string, descriptor: PropertyDescriptor];

/** Replaces every function of a module, and returns what was there. */
function patchModule(module: object, prefix: string, facade: Readonly<Record<string, unknown>>): Undo[] {
  const undo: Undo[] = [];
  for (const name of Object.keys(module)) {
    const descriptor = Object.getOwnPropertyDescriptor(module, name);
    const original = (module as Module)[name];
    if (descriptor?.configurable !== true || typeof original !== "function" || kept.has(name)) continue;
    const key = prefix + name;
    originals.set(key, original as AnyCall);
    const dispatcher = dispatcherOf(key, name, !isRefusal(facade[name]));
    const enumerable = descriptor.enumerable === true;
    Object.defineProperty(module, name, { value: dispatcher, writable: true, enumerable, configurable: true });
    undo.push([module, name, descriptor]);
  }
  return undo;
}

/** Classes of plain data, and what touches no file. */
const kept = new Set(["Stats", "Dirent", "Dir", "_toUnixTimestamp"]);

function dispatcherOf(key: string, name: string, covered: boolean): AnyCall {
  const known = dispatchers.get(key);
  if (known !== undefined) return known;
  const original = originals.get(key) as AnyCall; // set by the caller
  const dispatcher =
    name.endsWith("Stream") && /^[FRW]/.test(name) ? dispatchClass(key, name) : dispatch(key, name, covered);
  copyProperties(original, dispatcher);
  Object.defineProperty(dispatcher, mark, { value: true });
  if (name === "exists") {
    const custom: AnyCall = (path) => new Promise((resolve) => dispatcher(path, resolve));
    Object.defineProperty(dispatcher, promisify.custom, { value: custom });
  }
  if (name === "realpath" || name === "realpathSync") {
    const nativeKey = `${key}.native`;
    originals.set(nativeKey, (original as AnyCall & { native: AnyCall }).native);
    Object.defineProperty(dispatcher, "native", {
      value: dispatch(nativeKey, name, covered, "native"),
      enumerable: true,
    });
  }
  dispatchers.set(key, dispatcher);
  return dispatcher;
}

/** Name, length, and the symbols by which `promisify` knows the results. */
function copyProperties(from: AnyCall, to: AnyCall): void {
  for (const key of Reflect.ownKeys(from)) {
    const descriptor = Object.getOwnPropertyDescriptor(from, key);
    if (key === "prototype" || descriptor === undefined) continue;
    Object.defineProperty(to, key, { ...descriptor, configurable: true });
  }
}

function moduleOf(facade: Facade, key: string): Readonly<Record<string, unknown>> {
  return key.startsWith("promises.") ? facade.promises : facade.fs;
}

function dispatch(key: string, name: string, covered: boolean, member?: string): AnyCall {
  const arity = pathArguments(name);
  return function (this: unknown, ...values: unknown[]): unknown {
    const facade = active;
    const original = originals.get(key) as AnyCall; // set before the dispatcher was made
    if (facade === undefined) return Reflect.apply(original, this, values);
    // What the facade refuses may have its paths anywhere.
    const looked = covered ? values.slice(0, arity) : values;
    const virtual = looked.map((value) => isVirtual(facade, value));
    if (name.startsWith("create") || !covered) virtual.push(...values.map((value) => leadsInside(facade, value)));
    if (!virtual.includes(true)) return Reflect.apply(original, this, values);
    const target = moduleOf(facade, key)[name];
    const call = (member === undefined ? target : (target as Module)[member]) as AnyCall;
    if (covered && arity === 2 && virtual.includes(false)) return acrossBorder(key, name, values);
    return call(...values);
  };
}

/** How many of the first arguments are paths, descriptors or handles. */
function pathArguments(name: string): number {
  return /^(?:rename|link|copyFile|cp)(?:Sync)?$/.test(name) ? 2 : 1;
}

/** Options that name a descriptor or a directory of the facade. */
function leadsInside(facade: Facade, options: unknown): boolean {
  if (typeof options !== "object" || options === null) return false;
  const { fd, cwd } = options as { readonly fd?: unknown; readonly cwd?: unknown };
  return isVirtual(facade, fd) || isVirtual(facade, cwd);
}

/** One path is real and the other is not: two disks, between which the kernel renames and links nothing. */
function acrossBorder(key: string, name: string, values: readonly unknown[]): unknown {
  const syscall = name.replace("Sync", "");
  const [path, dest] = values.slice(0, 2).map((value) => pathText(value));
  const error =
    syscall === "rename" || syscall === "link"
      ? systemError("EXDEV", { syscall, path, dest })
      : unsupported(key, "has one path below the root of the patch and one outside of it");
  if (key.startsWith("promises.")) return Promise.reject(error);
  if (name.endsWith("Sync")) throw error;
  new Turns(false).callBack(callbackOf(values.at(-1)), error);
  return undefined;
}

function isVirtual(facade: Facade, value: unknown): boolean {
  if (typeof value === "number") return isVirtualDescriptor(value);
  if (value instanceof VirtualFileHandle) return true;
  if (typeof value !== "string" && !(value instanceof Uint8Array) && !(value instanceof URL)) return false;
  try {
    return facade.paths.locate(pathText(value)) !== undefined;
  } catch {
    return false; // no path at all: the real function says why
  }
}

/** A stream class: called with `new`, without it, and on objects of classes that inherit from it. */
function dispatchClass(key: string, name: string): AnyCall {
  const construct = function (this: unknown, path: unknown, options: unknown): unknown {
    const original = originals.get(key) as AnyCall; // set before the dispatcher was made
    const facade = active;
    const virtual = facade !== undefined && (isVirtual(facade, path) || leadsInside(facade, options));
    const Stream = virtual ? (moduleOf(facade, key)[name] as AnyCall) : original;
    const prototype: unknown = original.prototype;
    if (!isObjectOf(this, prototype)) return Reflect.construct(Stream, [path, options]);
    return Reflect.apply(Stream, this, [path, options]);
  };
  Object.setPrototypeOf(construct, originals.get(key) as AnyCall);
  construct.prototype = (originals.get(key) as AnyCall).prototype as unknown;
  return construct;
}

function isObjectOf(value: unknown, prototype: unknown): boolean {
  return typeof value === "object" && value !== null && Object.prototype.isPrototypeOf.call(prototype as object, value);
}
