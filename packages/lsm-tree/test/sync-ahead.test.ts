// The barrier of the log that a flush needs is asked for before its table is written, so that the two are under way together.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import { bytes, small } from "./engine-law.js";

test("a flush syncs the log before its table", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory: new Directory(fs) });
  await engine.put(bytes("a"), bytes("1"));
  const synced: string[] = [];
  fs.plan.arm({
    operations: ["sync"],
    action: { kind: "callback", callback: ({ path = "" }) => void synced.push(path.split("/")[1] ?? "") },
  });
  await engine.flush();
  expect(synced.filter((name) => name !== "manifest")).toEqual(["wal", "tables"]);
  await engine.close();
});
