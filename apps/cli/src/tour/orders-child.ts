import { readFileSync, writeSync } from "node:fs";
import { openDirectory } from "@holdfast/fs-seam";
import { parseOrders } from "./order-file.js";
import { openOrders, recordOrder } from "./order-store.js";

/**
 * The program that the tour kills while it records orders: `node orders-child.js DIRECTORY CSV`. It records the orders of the file, four
 * at a time, waits until they are durable, and only then says on stdout how many are:
 *
 *     ack <orders> <microseconds of append and sync>\n
 *
 * It ends by being killed, when it has recorded all, or when nobody reads its acknowledgements any more.
 */

const stdout = 1;
const ordersPerSync = 4;
const [path = "", file = ""] = process.argv.slice(2);
const orders = parseOrders(readFileSync(file));
const store = await openOrders(openDirectory(path));
for (let done = 0; done < orders.length;) {
  const start = process.hrtime.bigint();
  const some = orders.slice(done, done + ordersPerSync);
  for (const order of some) recordOrder(store, order);
  await store.sync();
  done += some.length;
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  acknowledge(`ack ${done} ${microseconds.toFixed(1)}\n`);
}
await store.close();

function acknowledge(line: string): void {
  try {
    writeSync(stdout, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0); // the parent is gone
    throw error;
  }
}
