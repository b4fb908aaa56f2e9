import { isFsError, type Directory } from "@holdfast/fs-seam";
import { bytesOf, filler, readText } from "./content.js";
import { defineProtocol, demand, show, type Protocol } from "./protocol.js";

type Mutant = "linked-before-sync" | "name-not-synced" | "renamed-instead" | "written-in-place";

const claims = [filler("first claim", 700), "second claim"];

/** True when the claim is ours. */
function claim(directory: Directory, content: string, mutant: Mutant | undefined): boolean {
  const temp = mutant === "written-in-place" && !directory.exists("claim") ? "claim" : `${content.slice(0, 5)}.tmp`;
  using handle = directory.open(temp, { mode: "write", create: "exclusive" });
  handle.writeAt(bytesOf(content), 0);
  if (mutant !== "linked-before-sync") handle.syncBlocking("data");
  try {
    if (mutant === "renamed-instead") directory.rename(temp, "claim");
    else if (temp !== "claim") directory.link(temp, "claim");
  } catch (error) {
    if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error;
    return false;
  }
  if (mutant === "linked-before-sync") handle.syncBlocking("data");
  if (temp !== "claim") directory.removeIfPresent(temp);
  if (mutant !== "name-not-synced") directory.syncNamesBlocking();
  return true;
}

/** Two claim one name by a link to a finished file: the first gets it for ever, and it is never seen half-written. */
export const exclusiveLink: Protocol = defineProtocol<string | undefined, Mutant>(
  "exclusive publish by link",
  {
    "linked-before-sync": "links the final name before the bytes are synced",
    "name-not-synced": "acknowledges without syncing the names",
    "renamed-instead": "renames over the final name, which excludes nobody",
    "written-in-place": "creates the final name and fills it afterwards",
  },
  (mutant) => ({
    workload(directory, run) {
      for (const content of claims) if (claim(directory, content, mutant)) run.ack("claimed", content);
    },
    recover: (directory) => readText(directory, "claim"),
    check(content, { acks }) {
      demand(content === undefined || claims.includes(content), `the claim reads ${show(content)}`);
      for (const { data } of acks) {
        demand(content === data, `the claim of ${show(String(data))} reads ${show(content)}`);
      }
    },
  }),
);
