import { isFsError, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { bytesOf, filler, readText } from "./content.js";
import { defineProtocol, demand, show, type Protocol } from "./protocol.js";

type Mutant = "shared-temp-name" | "one-barrier-for-both";

const contents = { a: filler("by writer a", 600), b: "by writer b" };

/** False when the temporary file is gone: another writer took it for its own. */
function publish(directory: Directory, handle: FileHandle, temp: string): boolean {
  handle.syncBlocking("data");
  handle.close();
  try {
    directory.rename(temp, "doc");
  } catch (error) {
    if (!isFsError(error, "FS_NOT_FOUND")) throw error;
    return false;
  }
  directory.syncNamesBlocking();
  return true;
}

/** Two processes replace one document at a time, their steps interleaved. Either may win, neither may spoil the other. */
export const twoWriters: Protocol = defineProtocol<string | undefined, Mutant>(
  "two writers",
  {
    "shared-temp-name": "both writers use one fixed temporary name",
    "one-barrier-for-both": "the second writer relies on the first one's barriers",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("doc", bytesOf("before")),
    workload(directory, run) {
      const tempOf = (writer: string): string => (mutant === "shared-temp-name" ? "doc.tmp" : `doc.tmp-${writer}`);
      const stage = (writer: string): FileHandle =>
        directory.open(tempOf(writer), { mode: "write", create: "if-missing", truncate: true });
      const a = stage("a");
      a.writeAt(bytesOf(contents.a), 0);
      const b = stage("b");
      if (publish(directory, a, tempOf("a"))) run.ack("a", contents.a);
      b.writeAt(bytesOf(contents.b), 0);
      if (mutant === "one-barrier-for-both") directory.rename(tempOf("b"), "doc");
      if (mutant === "one-barrier-for-both" || publish(directory, b, tempOf("b"))) run.ack("b", contents.b);
    },
    recover: (directory) => readText(directory, "doc"),
    check(doc, { acks }) {
      const last = acks.at(-1)?.data ?? "before";
      const allowed = [last, contents.b, ...(acks.length === 0 ? [contents.a] : [])];
      demand(doc !== undefined && allowed.includes(doc), `the document reads ${show(doc)}`);
      if (acks.some(({ label }) => label === "b")) demand(doc === contents.b, "the acknowledged document of b is gone");
    },
  }),
);
