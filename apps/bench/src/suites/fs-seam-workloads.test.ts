import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { Volume } from "memfs";
import { describe, expect, test } from "vitest";
import { fsWorkloads } from "./fs-seam-workloads.js";

/** A ratio means something only when both sides did the same work. */
describe.each(fsWorkloads(100))("$id", (workload) => {
  const volume = new Volume();
  const theirs = workload.onNode(volume, "/");
  theirs.run();
  theirs.dispose?.();

  test.each([new MemoryFs(), new CrashFs()])("leaves the same tree in $backend and in memfs", (fs) => {
    const ours = workload.onStore(fs);
    ours.run();
    ours.dispose?.();
    const names = fs.list("/").map(({ name }) => name);
    expect(names).toEqual(volume.readdirSync("/").map(String).sort());
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const file = fs.open(`/${name}`, { mode: "read" });
      const bytes = Buffer.alloc(file.stat().size);
      file.readAt(bytes, 0);
      file.close();
      expect(bytes.equals(volume.readFileSync(`/${name}`) as Buffer)).toBe(true);
    }
  });
});
