// A process that appends to a store and takes payloads out of it until it is killed, and tells by IPC what is gone for good:
// `node retention-child.mjs <directory>`. The events are those of `counted-history.ts`.
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore } from "@holdfast/store";
import { compact } from "@holdfast/store/maintenance";

const Counted = defineEvent({ name: "counted", kind: 0x1001 });
const options = { segmentBytes: 16 * 1024, bufferBytes: 4096, preallocateBytes: 8192, mergeBytes: 8192 };
process.send({ opening: true });
const store = await openStore({ directory: openDirectory(process.argv[2]), events: [Counted], ...options });

/** Receipts of this turn, as plain data. */
let receipts = [];

function append(sequence) {
  const data = { sequence, fill: "x".repeat((sequence * 7919) % 300) };
  const { revision, id, hash } = store.append(`entity:${sequence % 7}`, Counted, data);
  receipts.push([sequence, revision, id, Buffer.from(hash).toString("hex")]);
}

process.send({ opened: store.lastSequence });
let through = store.lastSequence;
for (let turn = 1; ; turn += 1) {
  for (let count = 0; count < 40; count += 1) append(store.lastSequence + 1);
  const end = through;
  // Every fourth payload is kept. More is appended while it works.
  const working = compact(store, {
    keep: ({ sequence }) => sequence % 4 === 0,
    throughSequence: end,
    rotate: turn % 3 === 0,
  });
  through = store.lastSequence;
  for (let count = 0; count < 10; count += 1) {
    append(store.lastSequence + 1);
    if (count % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await working;
  const [active] = store.maintenance.log.segments().slice(-1);
  process.send({ gone: Math.min(end, active.baseLsn - 1), written: store.watermarks.visible, receipts });
  receipts = [];
}
