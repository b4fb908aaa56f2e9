import { atomicReplace, makeDirectoriesDurably, removeDurably, stageFile } from "@holdfast/fs-seam";
import { bytesOf, filler, readText } from "./content.js";
import { defineProtocol, demand, demandVersion, show, type Protocol } from "./protocol.js";

const versions = ["before", filler("after", 700)];
const chunks = [versions[1]?.slice(0, 300) ?? "", versions[1]?.slice(300) ?? ""].map(bytesOf);

/** `atomicReplace` of fs-seam, from chunks. */
export const libraryReplace: Protocol = defineProtocol<string | undefined, "rung-os" | "not-awaited">(
  "fs-seam atomicReplace",
  {
    "rung-os": "asks for no durability and acknowledges it",
    "not-awaited": "acknowledges before the promise resolves",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("doc", bytesOf(versions[0] ?? "")),
    async workload(directory, run) {
      const replaced = atomicReplace(directory, "doc", chunks, { rung: mutant === "rung-os" ? "os" : "data" });
      if (mutant !== "not-awaited") await replaced;
      run.ack("replaced", 1);
      await replaced;
    },
    recover(directory) {
      directory.sweepTemps();
      return readText(directory, "doc");
    },
    check: (doc, context) => demandVersion(versions, doc, context),
  }),
);

/** `stageFile` and an exclusive `publish` of fs-seam. */
export const libraryPublish: Protocol = defineProtocol<string | undefined, "rung-os" | "finished-after-publish">(
  "fs-seam publish",
  {
    "rung-os": "asks for no durability and acknowledges it",
    "finished-after-publish": "publishes the first half and appends the rest to the final name",
  },
  (mutant) => ({
    workload(directory, run) {
      const staged = stageFile(directory, "report");
      const [first = new Uint8Array(0), second = new Uint8Array(0)] = chunks;
      staged.handle.append(first);
      if (mutant !== "finished-after-publish") staged.handle.append(second);
      staged.publishBlocking({ rung: mutant === "rung-os" ? "os" : "full", exclusive: true });
      if (mutant === "finished-after-publish") {
        using handle = directory.open("report", { mode: "append" });
        handle.append(second);
        handle.syncBlocking("full");
      }
      run.ack("published");
    },
    recover(directory) {
      directory.sweepTemps();
      return readText(directory, "report");
    },
    check(report, { acked }) {
      const whole = report === versions[1] || (report === undefined && !acked("published"));
      demand(whole, `the report reads ${show(report)}`);
    },
  }),
);

/** `removeDurably` of fs-seam. */
export const libraryRemoval: Protocol = defineProtocol<boolean, "plain-remove" | "not-awaited">(
  "fs-seam removeDurably",
  {
    "plain-remove": "removes the name and syncs nothing",
    "not-awaited": "acknowledges before the promise resolves",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("key", bytesOf("secret")),
    async workload(directory, run) {
      if (mutant === "plain-remove") directory.remove("key");
      const removed = mutant === "plain-remove" ? undefined : removeDurably(directory, "key");
      if (mutant !== "not-awaited") await removed;
      run.ack("removed");
      await removed;
    },
    recover: (directory) => directory.exists("key"),
    check: (present, { acked }) => demand(!(present && acked("removed")), "the removed key is back"),
  }),
);

/** `makeDirectoriesDurably` of fs-seam, and a file at the bottom. */
export const libraryDirectories: Protocol = defineProtocol<string | undefined, "plain-make" | "leaf-synced-only">(
  "fs-seam makeDirectoriesDurably",
  {
    "plain-make": "creates the directories and syncs none of their parents",
    "leaf-synced-only": "syncs the parent of the innermost directory only",
  },
  (mutant) => ({
    async workload(directory, run) {
      if (mutant === "plain-make" || mutant === "leaf-synced-only") directory.makeDirectories("a/b/c");
      else await makeDirectoriesDurably(directory, "a/b/c");
      if (mutant === "leaf-synced-only") await directory.syncNames("a/b");
      await atomicReplace(directory, "a/b/c/file", bytesOf("content"), { rung: "full" });
      run.ack("stored");
    },
    recover: (directory) => readText(directory, "a/b/c/file"),
    check(content, { acked }) {
      if (acked("stored")) demand(content === "content", `the file holds ${show(content)}`);
    },
  }),
);
