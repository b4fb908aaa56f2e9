// A process that follows a store as cursor "mailer" until it is killed, and writes down what it handles before it acknowledges it:
// `node cursor-child.mjs <directory of the store> <file of handled sequences>`.
import { appendFileSync } from "node:fs";
import { openDirectory } from "@holdfast/fs-seam";
import { openStoreReader, region } from "@holdfast/store";
import { openNamedCursor } from "@holdfast/store/consumers";

const [, , path, handled] = process.argv;
const reader = openStoreReader({ directory: openDirectory(path), events: [], pollIntervalMs: 1 });
try {
  const cursor = await openNamedCursor(reader, region(), { name: "mailer", batchEvents: 5 });
  process.send({ opened: cursor.openReport });
  for await (const batch of cursor) {
    appendFileSync(handled, batch.events.map(({ sequence }) => `${sequence}\n`).join(""));
    process.send({ handled: batch.events.at(-1).sequence });
    const outcome = await batch.ack();
    process.send({ saved: outcome.sequence });
  }
} catch (error) {
  process.send({ code: error.code }, () => process.exit(1));
}
