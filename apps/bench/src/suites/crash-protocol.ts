import { crashMatrix } from "@holdfast/crash-test";
import { bound, figureOf } from "../row.js";
import type { Part } from "../suite.js";
import type { Timing } from "../workload.js";

/** 4 KiB: eight sectors that tear apart. */
const document = (fill: number): Uint8Array => new Uint8Array(4096).fill(fill);

/** The save that everybody writes, explored to the last sector. */
export const protocolPart: Part = {
  name: "protocol",
  async measure({ quick }) {
    const nsPerOperation: number[] = [];
    let note = "";
    for (let round = -1; round < (quick ? 3 : 9); round += 1) {
      const start = performance.now();
      const { distinct, recoveries, complete } = await save();
      if (!complete) throw new Error("a moment had more subsets than the limit");
      if (round >= 0) nsPerOperation.push((performance.now() - start) * 1e6);
      note = `4 KiB over 4 KiB, crashes inside recovery included: ${distinct} different crashes, ${recoveries} recoveries.`;
    }
    const timing: Timing = { name: "", nsPerOperation };
    const workload = "all states of temp + write + sync + rename + directory sync, torn sectors included, posix";
    return [{ id: "protocol/save", workload, ours: figureOf(timing, "time"), bar: bound("most", 1e9), note }];
  },
};

function save(): ReturnType<typeof crashMatrix> {
  return crashMatrix({
    setup: (directory) => directory.writeFile("document", document(1)),
    workload(directory, run) {
      const handle = directory.open("document.tmp", { mode: "write", create: "if-missing", truncate: true });
      handle.writeAt(document(2), 0);
      handle.syncBlocking("data");
      handle.close();
      directory.rename("document.tmp", "document");
      directory.syncNamesBlocking();
      run.ack("saved");
    },
    recover(directory) {
      directory.removeIfPresent("document.tmp");
      return directory.readFile("document");
    },
    check: (bytes, { acked }) =>
      bytes.length === 4096 && bytes.every((byte) => byte === bytes[0]) && (bytes[0] === 2 || !acked("saved")),
    personalities: ["posix"],
    strategy: { kind: "exhaustive", limit: 1 << 16 },
    nestedStrategy: { kind: "exhaustive", limit: 1 << 16 },
  });
}
