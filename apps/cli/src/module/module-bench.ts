import type { NodeFsPatch } from "@holdfast/crash-test/node";
import type { Image } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { messageOf } from "../cli-error.js";
import type { EndGuard } from "./end-guard.js";
import type { Patience } from "./patience.js";
import type { Pulse } from "./pulse.js";
import { refuse, type Refusal, type SaveModule, type SaveModuleFile } from "./save-module.js";

/** A module, and what it stands in while it is judged. */
export interface Bench {
  readonly patch: NodeFsPatch;
  readonly end: EndGuard;
  readonly patience: Patience;
  readonly pulse: Pulse;
  readonly file: SaveModuleFile;
  readonly module: SaveModule;
  /**
   * Whether it answers from what it remembers: then it is started anew for each run and each recovery, as it is by whoever
   * comes back after a power failure.
   */
  readonly remembers: boolean;
}

export const documentPath = "/crash/document";
/** Two versions of different length, plain text for those who read text; the new one has three sectors. */
export const before: Buffer = Buffer.from("the old version\n".repeat(40));
export const after: Buffer = Buffer.from("the new version, longer\n".repeat(50));
/** What `save` may leave behind in all; more would take minutes. */
const mostBytes = 1_048_576;

/** A module that works without a crash, and the disk behind its first save. */
interface Tried {
  readonly bench: Bench;
  readonly disk: Image;
}

/** Tries a module without a crash, where it has to work, and finds out how it has to be judged. */
export async function prepare(bench: Bench): Promise<Bench | Refusal> {
  const tried = await tryOnce(bench);
  if ("kind" in tried) return refuse(tried.why + callbackHint(bench.module));
  return benchFor(tried);
}

async function tryOnce(bench: Bench): Promise<Tried | Refusal> {
  const { patch, end, module } = bench;
  const store = new MemoryFs();
  patch.mount(store);
  end.begin();
  try {
    let disk: Image | undefined;
    for (const version of [before, after]) {
      await end.during(() => module.save(documentPath, Buffer.from(version)));
      if (store.list("/").length === 0) {
        return refuse(`save wrote nothing below ${patch.root}: it must use the path it is given`);
      }
      const bytes = bytesIn(store, "/");
      if (bytes > mostBytes) return refuse(sizeText(bytes));
      disk ??= store.snapshot();
      const found = bytesOf(await end.during(() => module.load(documentPath)));
      if (found === undefined) return refuse("load gives neither bytes nor text");
      if (!found.equals(version)) return refuse("load does not give back what save was given");
      end.check();
    }
    if (disk === undefined) throw new Error("two versions were saved above");
    return { bench, disk };
  } catch (error) {
    return refuse(`without any crash, save and load fail: ${messageOf(error)}`);
  }
}

/** What a module gave back from memory would pass for what the disk held. */
async function benchFor({ bench, disk }: Tried): Promise<Bench | Refusal> {
  const first = await sourceOf(bench, bench.module, disk);
  if (first === "disk") return bench;
  const anew = await bench.file.start();
  if ("kind" in anew) return refuse(`it remembers what it saved, and started a second time ${anew.why}`);
  const second = await sourceOf(bench, anew, disk);
  if (second === "disk") return { ...bench, remembers: true };
  if (first !== "memory" && second !== "memory") return bench; // what crashes leave will tell
  return refuse(
    "load gives back what was saved last, whatever the disk holds, also when the module is loaded anew: what a module that it imports remembers would be judged, and no disk. Let nothing be kept between two calls",
  );
}

/** Where the answer of `load` comes from when the disk holds the first version, and the second was saved since. */
async function sourceOf(
  { patch, end }: Bench,
  module: SaveModule,
  disk: Image,
): Promise<"disk" | "memory" | "neither"> {
  patch.mount(new MemoryFs({ image: disk }));
  end.begin();
  try {
    const found = bytesOf(await end.during(() => module.load(documentPath)));
    end.check();
    return found?.equals(before) === true ? "disk" : found?.equals(after) === true ? "memory" : "neither";
  } catch {
    return "neither"; // a descriptor of the other disk, for example
  }
}

function bytesIn(store: MemoryFs, directory: string): number {
  let bytes = 0;
  for (const { name, kind } of store.list(directory)) {
    const path = `${directory === "/" ? "" : directory}/${name}`;
    bytes += kind === "directory" ? bytesIn(store, path) : (store.stat(path)?.size ?? 0);
  }
  return bytes;
}

function sizeText(bytes: number): string {
  const [found, most] = [bytes, mostBytes].map((count) => count.toLocaleString("en"));
  return `save leaves ${found} bytes, and what is judged is ${most} at most: let it write less around the document`;
}

/** Promises are awaited; a callback is never given. */
function callbackHint({ save, load }: SaveModule): string {
  const many = save.length > 2 ? `save takes ${save.length}` : load.length > 1 ? `load takes ${load.length}` : "";
  return many === ""
    ? ""
    : `. ${many} arguments: if the last one is a callback, export a function that returns a promise`;
}

export function bytesOf(found: unknown): Buffer | undefined {
  if (typeof found === "string") return Buffer.from(found);
  return found instanceof Uint8Array ? Buffer.from(found) : undefined;
}

/** Loading it again may fail on what a crash left: its own code runs then. */
export async function moduleFor({ remembers, file, module }: Bench): Promise<SaveModule> {
  if (!remembers) return module;
  const anew = await file.start();
  if ("kind" in anew) throw new Error(anew.why);
  return anew;
}
