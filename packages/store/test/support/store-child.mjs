// A process that writes a store at full speed until it is killed, and tells by IPC what survives it: `node store-child.mjs <directory>`.
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore } from "@holdfast/store";

const Counted = defineEvent({ name: "counted", kind: 0x1001 });
const options = { segmentBytes: 32 * 1024, bufferBytes: 4096, preallocateBytes: 8192, mergeBytes: 8192 };
const store = await openStore({ directory: openDirectory(process.argv[2]), events: [Counted], ...options });

/** The event of a sequence: whoever knows the one knows the other. */
function append(writer, sequence) {
  const data = { sequence, fill: "x".repeat((sequence * 7919) % 300) };
  return writer.append(`entity:${sequence % 7}`, Counted, data);
}

process.send({ opened: store.lastSequence });
for (let turn = 1; ; turn += 1) {
  for (let count = 0; count < turn % 11; count += 1) append(store, store.lastSequence + 1);
  const first = store.lastSequence + 1;
  store.commit(
    (commit) => {
      for (let index = 0; index < 1 + (turn % 4); index += 1) append(commit, first + index);
    },
    { key: `commit ${first}` },
  );
  if (turn % 5 === 0) await store.sync();
  process.send({ written: store.watermarks.visible });
  if (turn % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
}
