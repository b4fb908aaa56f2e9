import { expect, test } from "vitest";
import { fromOrigin } from "./call-origin.js";
import { CrashFs } from "./crash-fs.js";
import { isEffect } from "./effects.js";

function sitesOf(fs: CrashFs): unknown[] {
  return fs.trace().records.map((record) => (isEffect(record) ? record.call?.site : undefined));
}

test("calls under an origin are recorded with it, and those behind it with their own", () => {
  const fs = new CrashFs({ callSites: true });
  const [outer, inner] = [new Error("outer"), new Error("inner")];
  fromOrigin(outer, () => {
    fs.makeDirectory("/a");
    fromOrigin(inner, () => fs.makeDirectory("/b"));
    fs.makeDirectory("/c");
  });
  expect(() => fromOrigin(outer, () => fs.makeDirectory("/a"))).toThrow("EEXIST");
  fs.makeDirectory("/d");
  const sites = sitesOf(fs);
  expect(sites.slice(0, 3)).toEqual([outer, inner, outer]);
  expect(sites[3]).toMatchObject({ message: "call site" });
});

test("without call sites an origin is not remembered", () => {
  const fs = new CrashFs();
  fromOrigin(new Error("origin"), () => fs.makeDirectory("/a"));
  expect(sitesOf(fs)).toEqual([undefined]);
});
