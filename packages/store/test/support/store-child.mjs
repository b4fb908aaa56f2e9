// A process that writes a store at full speed until it is killed, and tells by IPC what survives it: `node store-child.mjs <directory>`.
// The events are those of `counted-history.ts`.
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore } from "@holdfast/store";

const Counted = defineEvent({ name: "counted", kind: 0x1001 });
const options = { segmentBytes: 32 * 1024, bufferBytes: 4096, preallocateBytes: 8192, mergeBytes: 8192 };
process.send({ opening: true });
const store = await openStore({ directory: openDirectory(process.argv[2]), events: [Counted], ...options });

/** The event of a sequence: whoever knows the one knows the other. */
function append(writer, sequence) {
  const data = { sequence, fill: "x".repeat((sequence * 7919) % 300) };
  return writer.append(`entity:${sequence % 7}`, Counted, data);
}

/** A receipt, as plain data. */
function told({ sequence, revision, id, hash }) {
  return [sequence, revision, id, Buffer.from(hash).toString("hex")];
}

process.send({ opened: store.lastSequence });
for (let turn = 1; ; turn += 1) {
  const receipts = [];
  for (let count = 0; count < turn % 11; count += 1) receipts.push(append(store, store.lastSequence + 1));
  const first = store.lastSequence + 1;
  const committed = store.commit(
    (commit) => {
      for (let index = 0; index < 1 + (turn % 4); index += 1) append(commit, first + index);
    },
    { key: `commit ${first}` },
  );
  if (turn % 5 === 0) await store.sync();
  receipts.push(...committed.receipts);
  process.send({ written: store.watermarks.visible, receipts: receipts.map(told), commit: first });
  if (turn % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
}
