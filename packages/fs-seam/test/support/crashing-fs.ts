import { FsError, type FsOperation } from "../../src/fs-error.js";
import type { StoreFs } from "../../src/store-fs.js";

/** The same file system, except that a simulated crash meets the program in the call of that name, before it does anything. */
export function crashingAt<Fs extends StoreFs>(fs: Fs, method: keyof StoreFs & FsOperation): Fs {
  return new Proxy(fs, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...values: unknown[]): unknown => {
        if (key === method) throw new FsError("FS_CRASHED", "crashed by a test", { operation: method, injected: true });
        return Reflect.apply(value, target, values);
      };
    },
  });
}
