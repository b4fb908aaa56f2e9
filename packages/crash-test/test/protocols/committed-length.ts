import type { Directory } from "@holdfast/fs-seam";
import { bytesOf, filler, sectorBytes, textOf } from "./content.js";
import { defineProtocol, demandVersion, type Protocol } from "./protocol.js";

type Mutant = "length-written-first" | "no-barrier-between" | "file-length-trusted";

const parts = ["first part;", filler("second part", 600)];
const versions = ["", parts[0] ?? "", parts.join("")];

function writeLength(bytes: number): Uint8Array {
  const sector = new Uint8Array(8);
  new DataView(sector.buffer).setUint32(0, bytes, true);
  return sector;
}

function read(directory: Directory, mutant: Mutant | undefined): string {
  const bytes = directory.readFile("file");
  const committed = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const end = mutant === "file-length-trusted" ? bytes.length : sectorBytes + committed;
  return textOf(bytes.subarray(sectorBytes, end));
}

/** A file whose first sector says how much of the rest counts. No checksum: two barriers keep length and bytes in order. */
export const committedLength: Protocol = defineProtocol<string, Mutant>(
  "committed length",
  {
    "length-written-first": "writes the length before the bytes",
    "no-barrier-between": "writes bytes and length under one barrier",
    "file-length-trusted": "recovery trusts the length of the file instead",
  },
  (mutant) => ({
    setup(directory) {
      directory.writeFile("file", new Uint8Array(sectorBytes));
    },
    workload(directory, run) {
      using handle = directory.open("file", { mode: "write" });
      let committed = 0;
      for (const [index, part] of parts.entries()) {
        const length = writeLength(committed + part.length);
        if (mutant === "length-written-first") handle.writeAt(length, 0);
        else handle.writeAt(bytesOf(part), sectorBytes + committed);
        if (mutant !== "no-barrier-between") handle.syncBlocking("data");
        if (mutant === "length-written-first") handle.writeAt(bytesOf(part), sectorBytes + committed);
        else handle.writeAt(length, 0);
        handle.syncBlocking("data");
        committed += part.length;
        run.ack(`part ${index}`, index + 1);
      }
    },
    recover: (directory) => read(directory, mutant),
    check: (content, context) => demandVersion(versions, content, context),
  }),
);
