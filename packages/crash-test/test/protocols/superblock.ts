import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { filler, sectorBytes } from "./content.js";
import { defineProtocol, demandVersion, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "always-one-slot" | "both-slots-rewritten" | "barrier-skipped-between" | "no-checksum";

const slotBytes = 2 * sectorBytes;
/** A slot holds its generation and fills two sectors. */
const versions = [0, 1, 2, 3].map((generation) => `${generation}${filler(`generation ${generation}`, slotBytes - 9)}`);

function writeSlot(handle: FileHandle, slot: number, content: string): void {
  handle.writeAt(encodeRecord(content), slot * slotBytes);
}

function newestSlot(directory: Directory, mutant: Mutant | undefined): string | undefined {
  const bytes = directory.readFile("superblock");
  const slots = [0, 1].map((slot) => bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes));
  const valid = slots.flatMap((slot) => scanRecords(slot, mutant).records);
  return valid.toSorted().at(-1); // they begin with their generation
}

/** A root record in two slots, written in turn: one of them is always whole. */
export const superblock: Protocol = defineProtocol<string | undefined, Mutant>(
  "double-slot superblock",
  {
    "always-one-slot": "writes every generation to the same slot",
    "both-slots-rewritten": "rewrites both slots under one barrier",
    "barrier-skipped-between": "writes the second slot before the first one is synced",
    "no-checksum": "recovery takes the higher generation without comparing its checksum",
  },
  (mutant) => ({
    setup(directory) {
      using handle = directory.open("superblock", { mode: "write", create: "exclusive" });
      for (const slot of [0, 1]) writeSlot(handle, slot, versions[0] ?? "");
    },
    workload(directory, run) {
      using handle = directory.open("superblock", { mode: "write" });
      for (let generation = 1; generation < versions.length; generation += 1) {
        const slot = mutant === "always-one-slot" ? 0 : generation % 2;
        writeSlot(handle, slot, versions[generation] ?? "");
        if (mutant === "both-slots-rewritten") writeSlot(handle, 1 - slot, versions[generation] ?? "");
        if (mutant === "barrier-skipped-between" && generation === 1) continue;
        handle.syncBlocking("data");
        run.ack(`generation ${generation}`, generation);
      }
    },
    recover: (directory) => newestSlot(directory, mutant),
    check: (content, context) => demandVersion(versions, content, context),
  }),
);
