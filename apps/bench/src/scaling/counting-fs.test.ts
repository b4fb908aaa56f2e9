import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { countingFs, noCounts } from "./counting-fs.js";

test("counts calls, barriers, and the bytes that were moved rather than those that were asked for", async () => {
  const counts = noCounts();
  const fs = countingFs(new MemoryFs(), counts);
  const directory = new Directory(fs);
  const opened = { ...counts };
  expect(opened).toEqual({ calls: 1, barriers: 0, bytesRead: 0, bytesWritten: 0 }); // a stat of the directory
  const file = directory.open("a", { mode: "write", create: "exclusive" });
  file.writeAt(new Uint8Array(30), 0);
  file.allocate(30, 70);
  await file.sync("data");
  file.syncBlocking("full");
  await directory.syncNames();
  const target = new Uint8Array(64);
  expect(file.readAt(target, 90)).toBe(10);
  expect(await file.readAtAsync(target, 0)).toBe(64);
  file.close();
  expect(counts).toEqual({ calls: 1 + 9, barriers: 3, bytesRead: 74, bytesWritten: 100 });
});

test("counts what is appended, lists and renames, what is refused among it, and not what asks nothing of a disk", () => {
  const counts = noCounts();
  const fs = countingFs(new MemoryFs(), counts);
  const file = fs.open("/log", { mode: "append", create: "if-missing" });
  file.append(new Uint8Array(5));
  fs.rename("/log", "/old");
  expect(fs.list("/").map(({ name }) => name)).toEqual(["old"]);
  for (const gone of ["/gone", "/lost"]) expect(() => fs.stat(gone)).toThrow(gone);
  expect(() => fs.open("/gone", { mode: "read" })).toThrow("gone");
  file.close();
  expect(fs.capabilities().persistent).toBe(false);
  expect(fs.backend).toBe("memory");
  expect(counts).toEqual({ calls: 4 + 4, barriers: 0, bytesRead: 0, bytesWritten: 5 });
});
