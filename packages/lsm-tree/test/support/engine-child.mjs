// A process that writes a database at full speed until it is killed, and tells by IPC what survives it: `node engine-child.mjs <directory>`.
// Write n of a key says its number; every turn of writes is one batch, so that none of it is there alone.
import { openDirectory } from "@holdfast/fs-seam";
import { openEngine } from "@holdfast/lsm-tree";

const KEYS = 97;
const bytes = (text) => new TextEncoder().encode(text);

process.send({ opening: true });
const engine = await openEngine({
  directory: openDirectory(process.argv[2]),
  ...{ writeBufferBytes: 8 * 1024, tableBytes: 16 * 1024, blockBytes: 512, manifestBytes: 4096 },
});
const last = engine.get(bytes("last"));
let turn = last === undefined ? 0 : Number(new TextDecoder().decode(last));
process.send({ opened: turn });
for (;;) {
  turn += 1;
  const writes = [engine.put(bytes("last"), bytes(String(turn)))];
  for (let at = 0; at < 1 + (turn % 9); at += 1) {
    const key = bytes(`key ${(turn * 31 + at * 7) % KEYS}`);
    if ((turn + at) % 5 === 0) writes.push(engine.delete(key));
    else writes.push(engine.put(key, bytes(`${turn} `.padEnd((turn * 7919) % 400, "x"))));
  }
  await Promise.all(writes);
  process.send({ written: turn });
  if (turn % 40 === 0) await engine.put(bytes("last"), bytes(String(turn)), { rung: "data" });
  if (turn % 150 === 0) void engine.compactRange().catch(() => {});
  if (turn % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
}
