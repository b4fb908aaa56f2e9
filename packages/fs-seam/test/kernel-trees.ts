import { expect } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages, replayCrash } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import { listImage, type ImageEntry } from "../src/image-file.js";
import { btrfs, ext4NoAuto, ext4Ordered, xfs } from "../src/kernel-personalities.js";
import { MemoryFs } from "../src/memory-fs.js";
import type { Personality } from "../src/personality.js";

/**
 * What the personalities of real kernels leave of a short program, as text. A tree is written as its entries: `d/` is a
 * directory, `f=a100,.20` a file of a hundred `a` and twenty zeros, `f=` an empty one.
 */

export type Contents = Readonly<Record<string, string>>;

/** A file system on which `contents` are durable; a name that ends with a slash is a directory. */
export function durable(contents: Contents): CrashFs {
  const base = new MemoryFs();
  for (const [name, content] of Object.entries(contents)) {
    if (name.endsWith("/")) base.makeDirectory(`/${name.slice(0, -1)}`);
    else new Directory(base).writeFile(name, runs(content));
  }
  return new CrashFs({ image: base.snapshot() });
}

/** The bytes of `a100,.20`. */
export function runs(text: string): Uint8Array {
  const parts = text === "" ? [] : text.split(",");
  return Buffer.concat(parts.map((run) => Buffer.alloc(Number(run.slice(1)), run[0] === "." ? 0 : run[0])));
}

function textOf(entry: ImageEntry): string {
  if (entry.kind === "directory") return `${entry.path}/`;
  const parts =
    Buffer.from(entry.bytes)
      .toString("latin1")
      .match(/([^])\1*/g) ?? [];
  return `${entry.path}=${parts.map((run) => `${run[0] === "\0" ? "." : run[0]}${run.length}`).join(",")}`;
}

/** What a power loss at the end of the run, or before one record, may leave. Pages do not tear unless `tears` says so. */
export function found(
  fs: CrashFs,
  personality: Personality,
  at: number = fs.logSize().records,
  tears: Personality["tears"] = { unitBytes: 4096, kind: "whole" },
): string[] {
  const trace = fs.trace();
  const judge = { ...personality, tears };
  const images = [...crashImages(trace, { personality: judge, at })];
  // The choice that made an image makes it again.
  for (const { image, choice } of images) {
    expect(listImage(replayCrash(trace, choice, judge))).toEqual(listImage(image));
  }
  return images.map(({ image }) => listImage(image).map(textOf).join(" ")).sort();
}

export function opened(fs: CrashFs, path: string): FileHandle {
  return fs.open(path, { mode: "write", create: "if-missing" });
}

/** Writes at the end of a file, which is made if it is missing, and closes it. */
export function append(fs: CrashFs, path: string, content: string): void {
  const handle = opened(fs, path);
  handle.writeAt(runs(content), handle.stat().size);
  handle.close();
}

/** The sync of something else, with which a journal commits all that is older. */
export function syncOther(fs: CrashFs): void {
  const handle = opened(fs, "/o");
  handle.writeAt(runs("x1"), 0);
  handle.syncBlocking("full");
  handle.close();
}

export type Kernel = "ext4-ordered" | "ext4-noauto" | "xfs" | "btrfs";

export const kernels: Readonly<Record<Kernel, Personality>> = {
  "ext4-ordered": ext4Ordered,
  "ext4-noauto": ext4NoAuto,
  xfs,
  btrfs,
};

/** One program with what each kernel may leave behind it. */
export interface Example {
  readonly says: string;
  readonly on: Contents;
  readonly run: (fs: CrashFs) => void;
  readonly leaves: Readonly<Record<Kernel, readonly string[]>>;
}

/** Every combination, one of each list, joined by spaces. */
export function each(...parts: readonly (readonly string[])[]): string[] {
  return parts.reduce<string[]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => (head === "" ? tail : `${head} ${tail}`))),
    [""],
  );
}

/** Compares an example with what one kernel leaves. */
export function expectLeft({ on, run, leaves }: Example, kernel: Kernel): void {
  const fs = durable(on);
  run(fs);
  expect(found(fs, kernels[kernel])).toEqual([...leaves[kernel]].sort());
}

export const kernelNames: readonly Kernel[] = ["ext4-ordered", "ext4-noauto", "xfs", "btrfs"];
