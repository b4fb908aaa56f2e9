import { expect, test } from "vitest";
import { conformanceCaseIds, runConformance } from "./index.js";
import type { ConformanceBackend } from "./index.js";
import { crashImages } from "../crash-images.js";
import { CrashFs } from "../crash-fs.js";
import type { FileHandle } from "../file-handle.js";
import type { StoreFs } from "../store-fs.js";

/**
 * Goal: no case can pass whatever the backend does. Method: break one method of the backend at a time in one of a few
 * blunt ways, run the suite on each, and demand that every case was violated by at least one of them. Only a claim that
 * failed counts: an error that some call happened to throw would prove nothing.
 */

type Break = "does nothing" | "refuses nothing" | "does it twice" | "counts one more";

const breaks: readonly Break[] = ["does nothing", "refuses nothing", "does it twice", "counts one more"];

const fsMethods = [
  "open",
  "stat",
  "list",
  "listStream",
  "makeDirectory",
  "removeDirectory",
  "rename",
  "link",
  "remove",
  "reflink",
  "syncNames",
  "syncNamesBlocking",
  "space",
  "nonce",
  "processIdentity",
  "processState",
] as const satisfies readonly (keyof StoreFs)[];

const handleMethods = [
  "readAt",
  "readAtAsync",
  "writeAt",
  "append",
  "truncate",
  "allocate",
  "punch",
  "stat",
  "sync",
  "syncBlocking",
  "close",
] as const satisfies readonly (keyof FileHandle)[];

/** What a method that does nothing returns: the most harmless value of its type. */
const nothing: Readonly<Record<string, unknown>> = {
  stat: { kind: "file", size: 0, links: 1, allocatedBytes: 0 },
  list: [],
  listStream: (async function* () {})(),
  readAt: 0,
  readAtAsync: Promise.resolve(0),
  sync: Promise.resolve(),
  syncNames: Promise.resolve(),
  space: { totalBytes: 0, availableBytes: 1 },
  nonce: "nonce",
  processIdentity: { pid: 0, startTime: "", bootId: "", host: "" },
  processState: "unknown",
};

type Method = (...values: readonly unknown[]) => unknown;

function broken(method: Method, name: string, how: Break): Method {
  const none = nothing[name];
  if (how === "does nothing") return () => none;
  if (how === "counts one more") return (...values) => oneMore(method(...values));
  if (how === "does it twice") return (...values) => (method(...values), method(...values));
  return (...values) => {
    try {
      const result = method(...values);
      return result instanceof Promise ? result.catch(() => none) : result;
    } catch {
      return none;
    }
  };
}

function oneMore(result: unknown): unknown {
  if (result instanceof Promise) return result.then(oneMore);
  return typeof result === "number" ? result + 1 : result;
}

/** `target` with one method broken, and with what `open` returns passed through `wrap`. */
function wrapped<Target extends object>(
  target: Target,
  name: string,
  how: Break | undefined,
  wrap?: (handle: FileHandle) => FileHandle,
): Target {
  return new Proxy(target, {
    get(inner, key) {
      const value: unknown = Reflect.get(inner, key, inner);
      if (typeof value !== "function") return value;
      const method: Method = (...values) => {
        const result: unknown = Reflect.apply(value, inner, values);
        return key === "open" && wrap !== undefined ? wrap(result as FileHandle) : result; // what open returns
      };
      return key === name && how !== undefined ? broken(method, name, how) : method;
    },
  });
}

const raw = new WeakMap<StoreFs, CrashFs>();

function sound(fs: StoreFs): CrashFs {
  const inner = raw.get(fs) ?? fs;
  if (inner instanceof CrashFs) return inner;
  throw new TypeError("made by another backend");
}

function backendWith(wrap: (fs: CrashFs) => StoreFs): ConformanceBackend {
  const make = (options?: ConstructorParameters<typeof CrashFs>[0]): StoreFs => {
    const inner = new CrashFs(options);
    const fs = wrap(inner);
    raw.set(fs, inner);
    return fs;
  };
  return {
    name: "broken",
    make: () => make(),
    makeSmall: (capacityBytes) => make({ capacityBytes }),
    readOnlyView: (fs) => make({ image: sound(fs).snapshot(), readOnly: true }),
    *crashStates(fs) {
      const trace = sound(fs).trace();
      const options = { personality: "posix", at: trace.records.length } as const;
      for (const { image } of crashImages(trace, options)) yield make({ image });
    },
    crash: (fs) => void sound(fs).crash(),
    processCrash: (fs) => sound(fs).processCrash(),
  };
}

/** Breaks that no single method can show. */
const further: readonly ConformanceBackend[] = [
  {
    ...backendWith((fs) => wrapped<StoreFs>(fs, "", undefined)),
    crash: () => undefined,
    processCrash: () => undefined,
  },
  backendWith((fs) => new Proxy(wrapped<StoreFs>(fs, "", undefined), { get: everyProcessIsDead })),
  backendWith((fs) =>
    wrapped<StoreFs>(fs, "", undefined, (handle) =>
      Object.defineProperty(wrapped(handle, "", undefined), "path", { value: "/elsewhere", configurable: true }),
    ),
  ),
  {
    ...backendWith((fs) => new Proxy(wrapped<StoreFs>(fs, "", undefined), { get: declaresSymlinks })),
    // A "symlink" that is the very thing it points at: as if every open followed it.
    plantSymlink(fs, path, target) {
      if (target === "nothing") fs.open(path, { mode: "write", create: "exclusive" }).close();
      else if (target === "d") fs.rename("/d", path);
      else fs.link(`/${target}`, path);
    },
  },
];

function everyProcessIsDead(fs: StoreFs, key: string | symbol): unknown {
  return key === "processState" ? () => "dead" : Reflect.get(fs, key, fs);
}

function declaresSymlinks(fs: StoreFs, key: string | symbol): unknown {
  if (key !== "capabilities") return Reflect.get(fs, key, fs);
  return () => ({ ...fs.capabilities(), symlinkRefusal: "atomic" });
}

test("the wrapper itself changes no verdict", async () => {
  const plain = await runConformance({ ...backendWith((fs) => fs), name: "one" });
  const through = await runConformance({ ...backendWith((fs) => wrapped<StoreFs>(fs, "", undefined)), name: "one" });
  expect(through).toEqual(plain);
  expect(through.passed).toBeGreaterThan(140);
});

test("every case is violated by some broken backend", async () => {
  const backends: ConformanceBackend[] = [...further];
  for (const how of breaks) {
    for (const name of fsMethods) backends.push(backendWith((fs) => wrapped<StoreFs>(fs, name, how)));
    for (const name of handleMethods) {
      const wrap = (handle: FileHandle): FileHandle => wrapped(handle, name, how);
      backends.push(backendWith((fs) => wrapped<StoreFs>(fs, "", undefined, wrap)));
    }
  }
  const unproven = new Set(conformanceCaseIds);
  for (const backend of backends) {
    const { verdicts } = await runConformance(backend, [...unproven]);
    for (const verdict of verdicts) {
      if (verdict.kind === "violation" && /ConformanceViolation/.test(verdict.message)) unproven.delete(verdict.id);
    }
  }
  expect([...unproven]).toEqual([]);
}, 60_000);
