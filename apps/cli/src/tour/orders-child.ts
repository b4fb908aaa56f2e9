import { readFileSync, writeSync } from "node:fs";
import { openDirectory } from "@holdfast/fs-seam";
import { parseOrders } from "./order-file.js";
import { openOrders, recordOrder } from "./order-store.js";

/**
 * The program that the tour kills while it records orders: `node orders-child.js DIRECTORY CSV COUNT`. It records the orders of the file, four
 * at a time, waits until they are durable, and only then says on stdout how many are:
 *
 *     ack <orders> <microseconds of append and sync>\n
 *
 * Once so many are recorded it goes on no further, so that the kill finds it at work and orders left, whenever it comes. It ends by being
 * killed, or when nobody reads what it says any more, which it finds out by saying nothing, an empty line a time.
 */

const stdout = 1;
const ordersPerSync = 4;
const silenceMs = 50;
const [path = "", file = "", count = ""] = process.argv.slice(2);
const orders = parseOrders(readFileSync(file));
const store = await openOrders(openDirectory(path));
for (let done = 0; done < Math.min(orders.length, Number(count));) {
  const start = process.hrtime.bigint();
  const some = orders.slice(done, done + ordersPerSync);
  for (const order of some) recordOrder(store, order);
  await store.sync();
  done += some.length;
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  say(`ack ${done} ${microseconds.toFixed(1)}\n`);
}
setInterval(() => say("\n"), silenceMs);

function say(line: string): void {
  try {
    writeSync(stdout, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0); // the parent is gone
    throw error;
  }
}
