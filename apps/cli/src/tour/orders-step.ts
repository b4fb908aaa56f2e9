import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openDirectory, type Directory } from "@holdfast/fs-seam";
import { Prng, streamSeed } from "@holdfast/fs-seam/fault";
import { backup, verifyBackup, type BackupReport } from "@holdfast/store/maintenance";
import { messageOf } from "../cli-error.js";
import { countText, durationText, plural, tableLines } from "../terminal.js";
import { runAndKill, type KilledWriter } from "./killed-writer.js";
import { bundledOrders, parseOrders, type Order } from "./order-file.js";
import { openOrders, recordOrder, type OrderStore } from "./order-store.js";
import { isSameTotals, projectTotals, totalsOf, type OrderTotals } from "./order-totals.js";
import type { TourDocument } from "./tour-document.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

export interface OrdersStepOptions {
  /** Host path of the writer's program. Default: the one built beside this one. */
  readonly program?: string;
}

/** Milliseconds to wait for the writer's first acknowledgement: for a hang, which a slow start on a busy machine is not. */
const patienceMs = 30_000;

/**
 * Records orders in a store, kills the process that does, and records all of them again: what was acknowledged is there, nothing is there
 * twice, and what is projected from the events is what the file says.
 */
export function ordersStep(options: OrdersStepOptions = {}): TourStep {
  const program = options.program ?? fileURLToPath(new URL("./orders-child.js", import.meta.url));
  return {
    title: "Record orders in a store of @holdfast/store, kill the writer, and record them again",
    async run(context) {
      const { bytes, orders, what } = ordersFrom(context.document);
      const path = join(context.directory, "orders");
      const directory = openDirectory(path, { create: true });
      const file = join(context.directory, "orders.csv");
      writeFileSync(file, bytes);
      const choices = new Prng(streamSeed(context.seed, "orders"));
      const atNumber = Math.max(1, Math.floor((orders.length * (15 + choices.below(25))) / 100));
      context.say(`${what}. A child process appends each as an event, with its id as the key, and reports what is`);
      context.say(`durable. It is killed once it has reported ${countText(atNumber)}.`);
      context.progress(`recording orders, to be killed at ${atNumber}`);
      const { cleanup } = context;
      // It waits for the kill before it is done, however late that comes.
      const heldAt = Math.max(atNumber, Math.floor((orders.length * 3) / 4));
      const args = [path, file, String(heldAt)];
      const writer = await runAndKill({ program, args, killed: { atNumber }, patienceMs, cleanup });
      const store = await openOrders(directory);
      try {
        const copy = openDirectory(join(context.directory, "orders-backup"), { create: true });
        return await goOn(context, { store, orders, writer, copy });
      } finally {
        await store.close();
      }
    },
  };
}

interface Recording {
  readonly store: OrderStore;
  readonly orders: readonly Order[];
  readonly writer: KilledWriter;
  /** Where the backup goes. */
  readonly copy: Directory;
}

async function goOn(context: TourContext, { store, orders, writer, copy }: Recording): Promise<Claim[]> {
  const { say } = context;
  const recovered = store.lastSequence;
  const { durationMs, log } = store.openReport;
  const cut = log.dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  say(
    `Opened again in ${durationText(durationMs)}: ${plural(recovered, "order")}, ${countText(writer.acknowledged)} of them reported; ${cut === 0 ? "nothing" : plural(cut, "byte")} cut off.`,
  );
  const claims = [claimSurvival(store, orders, writer)];
  const before = await projectTotals(store);
  const [report, outcomes] = await Promise.all([backup(store, copy), recordAll(store, orders)]);
  await store.sync();
  say(
    `All ${countText(orders.length)} once more, with the same keys: ${countText(outcomes.replayed)} were known, ${countText(outcomes.appended)} were appended.`,
  );
  claims.push(claimOnce(store, orders, recovered, outcomes));
  const after = await projectTotals(store);
  tellTotals(context, before, after);
  claims.push(claimProjection(after, orders));
  claims.push(await claimVerified(context, store), await claimBackup(context, copy, report, orders));
  return claims;
}

/** Records every order, and counts which were known. */
async function recordAll(
  store: OrderStore,
  orders: readonly Order[],
): Promise<{ readonly appended: number; readonly replayed: number }> {
  const outcomes = { appended: 0, replayed: 0 };
  for (const [index, order] of orders.entries()) {
    outcomes[recordOrder(store, order).kind] += 1;
    if (index % 64 === 63) await setImmediate(); // let an interrupt through, and the backup go on
  }
  return outcomes;
}

/** What is recorded: the user's file where it is a list of orders, else the tour's own. */
function ordersFrom(document: TourDocument): {
  readonly bytes: Uint8Array;
  readonly orders: readonly Order[];
  readonly what: string;
} {
  let why = "";
  if (document.path !== undefined && /\.csv$/i.test(document.path)) {
    try {
      const orders = parseOrders(document.before);
      if (orders.length > 0) {
        return { bytes: document.before, orders, what: `${plural(orders.length, "row")} of your file` };
      }
      why = " (your file has no row)";
    } catch (error) {
      why = ` (your file is no CSV: ${messageOf(error)})`;
    }
  }
  const bytes = bundledOrders();
  const orders = parseOrders(bytes);
  return { bytes, orders, what: `${plural(orders.length, "order")} of a shop that does not exist${why}` };
}

function claimSurvival(store: OrderStore, orders: readonly Order[], writer: KilledWriter): Claim {
  const recovered = store.lastSequence;
  let fault: string | undefined;
  const endedEarly = writer.ended === "by-itself" && writer.acknowledged < orders.length;
  if (writer.latencies.length === 0) fault = `the writer acknowledged nothing${complaintOf(writer)}`;
  else if (endedEarly) fault = `the writer ended before it was killed${complaintOf(writer)}`;
  else if (recovered < writer.acknowledged) {
    fault = `${plural(writer.acknowledged - recovered, "acknowledged order")} of ${countText(writer.acknowledged)} not recovered`;
  }
  for (let sequence = 1; sequence <= recovered && fault === undefined; sequence += 1) {
    const event = store.at(sequence);
    const isRight = event?.status === "known" && isSameOrder(event.data, orders[sequence - 1]);
    if (!isRight) fault = `event ${sequence} is another than the order that was recorded`;
  }
  return {
    name: "acknowledged-orders-survive-kill-9",
    ok: fault === undefined,
    details: {
      says:
        fault ??
        `all ${countText(writer.acknowledged)} acknowledged orders came back intact after the kill (${countText(recovered)} recovered)`,
      acknowledged: writer.acknowledged,
      recovered,
      writer: writer.ended,
    },
  };
}

function complaintOf({ complaint }: KilledWriter): string {
  return complaint === "" ? "" : ` (${complaint})`;
}

function isSameOrder(one: Order, other: Order | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other); // both are made by one function
}

function claimOnce(
  store: OrderStore,
  orders: readonly Order[],
  recovered: number,
  { appended, replayed }: { readonly appended: number; readonly replayed: number },
): Claim {
  const ok = replayed === recovered && appended === orders.length - recovered && store.lastSequence === orders.length;
  return {
    name: "recording-again-writes-nothing-twice",
    ok,
    details: {
      says: ok
        ? `recording all ${countText(orders.length)} orders again wrote the ${countText(appended)} that were missing, and nothing twice`
        : `${countText(store.lastSequence)} events of ${plural(orders.length, "order")} after recording them again`,
      orders: orders.length,
      events: store.lastSequence,
      appended,
      replayed,
    },
  };
}

function tellTotals({ say, paint }: TourContext, before: OrderTotals, after: OrderTotals): void {
  const statuses = [...after.byStatus].sort(([, one], [, other]) => other.count - one.count).slice(0, 8);
  const rows = statuses.map(([status, { count, cents }]) => {
    const earlier = before.byStatus.get(status) ?? { count: 0, cents: 0 };
    const name = status === "" ? "(none)" : status.slice(0, 24);
    return [name, countText(earlier.count), moneyText(earlier.cents), countText(count), moneyText(cents)];
  });
  say("");
  const head = ["status", "after the kill", "sum", "at the end", "sum"];
  tableLines([head, ...rows]).forEach((line, at) => say(`  ${at === 0 ? paint.dim(line) : line}`));
  say("");
}

function moneyText(cents: number): string {
  return (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function claimProjection(after: OrderTotals, orders: readonly Order[]): Claim {
  const ok = isSameTotals(after, totalsOf(orders));
  return {
    name: "projection-matches-the-orders",
    ok,
    details: {
      says: ok
        ? `totals of ${countText(after.byStatus.size)} kinds of status and ${plural(after.byCustomer.size, "customer")}, projected from the events, are those of the file`
        : "what is projected from the events is not what the file says",
    },
  };
}

async function claimVerified({ say }: TourContext, store: OrderStore): Promise<Claim> {
  const report = await store.verify();
  const ok = report.kind === "intact" && report.events === store.lastSequence;
  const hash = report.kind === "intact" ? Buffer.from(report.lastHash ?? []).toString("hex") : "";
  if (ok) say(`Every hash and every link checked; the last one, ${hash.slice(0, 16)}..., seals them all.`);
  return {
    name: "order-history-verifies",
    ok,
    details: {
      says: ok
        ? `the history of ${countText(report.events)} events verifies, every hash and every link`
        : `the history does not verify: ${report.kind === "damaged" ? report.fault.kind : "events are missing"}`,
      events: report.events,
      lastHash: hash,
    },
  };
}

/** Opens the backup as a program does that has nothing else left. */
async function claimBackup(
  { say }: TourContext,
  copy: Directory,
  report: BackupReport,
  orders: readonly Order[],
): Promise<Claim> {
  const { sequence, hash } = report.anchor;
  const files = await verifyBackup(copy, report);
  const store = await openOrders(copy);
  try {
    const verified = await store.verify();
    const isSame = Buffer.from(store.hashAt(sequence) ?? []).toString("hex") === hash;
    const isRight = isSameTotals(await projectTotals(store), totalsOf(orders.slice(0, sequence)));
    const ok =
      files.kind === "intact" && verified.kind === "intact" && store.lastSequence === sequence && isSame && isRight;
    if (ok) {
      say(
        `The backup, taken meanwhile, has ${plural(sequence, "order")} in ${plural(report.bytes, "byte")} and verifies.`,
      );
    }
    return {
      name: "backup-taken-while-writing-verifies",
      ok,
      details: {
        says: ok
          ? `a backup taken while orders were recorded opens with the first ${countText(sequence)}, and verifies`
          : `the backup is not the first ${countText(sequence)} orders: files ${files.kind}, events ${verified.kind}`,
        orders: sequence,
        bytes: report.bytes,
        files: report.files.length,
      },
    };
  } finally {
    await store.close();
  }
}
