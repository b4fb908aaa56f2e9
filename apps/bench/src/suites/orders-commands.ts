import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openOrderService, type OrderService } from "../order-service/order-service.js";
import { orderTraffic } from "../order-service/order-traffic.js";
import type { OrderCommand } from "../order-service/order.js";
import { compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { loadOrdersTable, type OpenOrdersTable } from "./orders-table.js";
import { inDirectory } from "./store-workloads.js";

const note =
  "Events, and rows by id, customer, status and day. SQLite changes both in one transaction; ours is done when the read model has caught up";

/** The order service on `store` and `lsm-tree` against the same service on better-sqlite3, each with the same durability. */
export const ordersCommandsPart: Part = {
  name: "commands",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const table = loadOrdersTable();
      if (table !== undefined) await demandSameData(path, table);
      const [many, few] = quick ? [100, 10] : [400, 40];
      const rows: Row[] = [];
      for (const { id, workload, contestants } of [
        {
          id: "os",
          workload: "commands with the system on return, one by one; SQLite with synchronous = NORMAL",
          contestants: contestantsOf(path, table, { orders: many, clients: 1, isDurable: false }),
        },
        {
          id: "durable",
          workload: "commands durable one by one; SQLite with synchronous = FULL",
          contestants: contestantsOf(path, table, { orders: few, clients: 1, isDurable: true }),
        },
        {
          id: "durable-100",
          workload:
            "100 clients who each wait until their command is durable; SQLite with synchronous = FULL, one by one",
          contestants: contestantsOf(path, table, { orders: many, clients: 100, isDurable: true }),
        },
      ]) {
        const [ours, peer] = await interleaveAsync(contestants, { rounds: quick ? 2 : 5, cpu: true });
        if (ours === undefined) throw new Error("a contestant has a timing");
        const labels = { id: `commands/${id}`, workload, note };
        rows.push(
          peer === undefined ? { ...labels, ours: figureOf(ours) } : compare(labels, ours, peer, { of: "speed" }),
        );
      }
      return rows;
    }),
};

/** What cannot be compared must not be timed: both have to make the same events and rows of the same commands. */
async function demandSameData(path: string, table: OpenOrdersTable): Promise<void> {
  const own = mkdtempSync(join(path, "orders-"));
  const service = await openOrderService({ directory: openDirectory(own) });
  const { subject, dispose } = table(path, "NORMAL");
  for (const command of orderTraffic({ orders: 100, seed: 2 })) {
    const [ours, theirs] = [service.execute(command), subject.execute(command)].map((each) => JSON.stringify(each));
    if (ours !== theirs) throw new Error(`the services answer ${command.id} by ${ours} and ${theirs}`);
  }
  await service.caughtUp();
  const contents = await service.view.contents();
  const rows = [...contents].filter(([key]) => /^!(orders|revenue)!/.test(key));
  const theirs = subject.rows();
  const isSame = rows.length === theirs.size && rows.every(([key, row]) => timeless(row) === theirs.get(key));
  if (!isSame) throw new Error("the read models of the services differ");
  await service.close();
  await dispose();
}

/** A row without the time of its order, which the two have taken one after the other. */
function timeless(row: string): string {
  return JSON.stringify({ ...JSON.parse(row), placedMs: undefined });
}

interface Plan {
  readonly orders: number;
  readonly clients: number;
  readonly isDurable: boolean;
}

function contestantsOf(path: string, table: OpenOrdersTable | undefined, plan: Plan): AsyncContestant[] {
  const commands = [...orderTraffic({ orders: plan.orders, seed: 1 })];
  const ours = composed(path, commands, plan);
  return table === undefined ? [ours] : [ours, onSqlite(path, commands, table, plan)];
}

function composed(path: string, commands: readonly OrderCommand[], { clients, isDurable }: Plan): AsyncContestant {
  return {
    name: "store + lsm-tree",
    operations: commands.length,
    async prepare() {
      const own = mkdtempSync(join(path, "orders-"));
      const service = await openOrderService({ directory: openDirectory(own) });
      return {
        run: async () => {
          const queue = commands[Symbol.iterator]();
          await Promise.all(Array.from({ length: clients }, () => serve(service, queue, isDurable)));
          await service.caughtUp();
        },
        dispose: async () => {
          await service.close();
          rmSync(own, { recursive: true });
        },
      };
    },
  };
}

async function serve(service: OrderService, queue: Iterator<OrderCommand>, isDurable: boolean): Promise<void> {
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const outcome = service.execute(next.value);
    if (isDurable && "sequence" in outcome) await service.durable(outcome);
  }
}

function onSqlite(
  path: string,
  commands: readonly OrderCommand[],
  open: OpenOrdersTable,
  { isDurable }: Plan,
): AsyncContestant {
  return {
    name: "better-sqlite3",
    operations: commands.length,
    async prepare() {
      const { subject, dispose } = open(path, isDurable ? "FULL" : "NORMAL");
      return {
        run: () => {
          for (const command of commands) subject.execute(command);
        },
        dispose,
      };
    },
  };
}
