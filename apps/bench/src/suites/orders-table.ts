import { definitionOf, entityOf, type NewOrderEvent, type OrderLine } from "../order-service/order-events.js";
import { decide, type OrderCommand, type OrderStatus } from "../order-service/order.js";
import type { CommandOutcome } from "../order-service/order-service.js";
import { dayOf } from "../order-service/view-changes.js";
import { loadSqlite, openOnSqlite, type Database, type Statement } from "./store-table.js";
import type { Opened } from "./store-workloads.js";

export type OpenOrdersTable = (path: string, synchronous: "NORMAL" | "FULL") => Opened<OrdersTable>;

/** Undefined, said on stderr, where better-sqlite3 does not install. */
export function loadOrdersTable(): OpenOrdersTable | undefined {
  const open = loadSqlite();
  if (open === undefined) return undefined;
  return (path, synchronous) =>
    openOnSqlite(open, path, "orders", (database) => new OrdersTable(database, synchronous));
}

interface OrderTableRow {
  readonly customer: string;
  readonly status: OrderStatus;
  readonly lines: string;
  readonly total_cents: number;
  readonly placed_ms: number;
  readonly revision: number;
}

const schema = `
  CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    command TEXT NOT NULL,
    kind INTEGER NOT NULL,
    time INTEGER NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX event_by_stream ON event (stream, revision);
  CREATE UNIQUE INDEX event_by_id ON event (id);
  CREATE INDEX event_by_command ON event (command);
  CREATE TABLE order_row (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    status TEXT NOT NULL,
    lines TEXT NOT NULL,
    total_cents INTEGER NOT NULL,
    placed_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX order_by_customer ON order_row (customer);
  CREATE INDEX order_by_status ON order_row (status);
  CREATE TABLE revenue (
    day TEXT PRIMARY KEY,
    cents INTEGER NOT NULL,
    payments INTEGER NOT NULL,
    refunds INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * The order service as it is written on SQLite: the same rules, schemas, events and rows, with events and rows changed by one transaction for each
 * command. Tuned as the event table of `store-table.ts` is. It has no hashes, and no history that could be verified.
 */
export class OrdersTable {
  readonly #done: Statement;
  readonly #order: Statement;
  readonly #insert: Statement;
  readonly #put: Statement;
  readonly #earn: Statement;
  readonly #orders: Statement;
  readonly #days: Statement;
  readonly #transaction: (command: OrderCommand) => void;
  #ids = 0;
  #outcome: CommandOutcome | undefined;

  constructor(database: Database, synchronous: "NORMAL" | "FULL") {
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma("cache_size = -65536");
    database.pragma("mmap_size = 1073741824");
    database.exec(schema);
    this.#done = database.prepare(
      "SELECT sequence, revision FROM event WHERE command = ? ORDER BY sequence DESC LIMIT 1",
    );
    this.#order = database.prepare(
      "SELECT customer, status, lines, total_cents, placed_ms, revision FROM order_row WHERE id = ?",
    );
    this.#insert = database.prepare(
      "INSERT INTO event (stream, revision, id, command, kind, time, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#put = database.prepare("INSERT OR REPLACE INTO order_row VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#earn = database.prepare(`
      INSERT INTO revenue VALUES (?, ?, ?, ?) ON CONFLICT (day) DO UPDATE
      SET cents = cents + excluded.cents, payments = payments + excluded.payments, refunds = refunds + excluded.refunds
    `);
    this.#orders = database.prepare("SELECT * FROM order_row");
    this.#days = database.prepare("SELECT day, cents, payments, refunds FROM revenue");
    this.#transaction = database.transaction((command: OrderCommand) => {
      this.#outcome = this.#carryOut(command);
    });
  }

  execute(command: OrderCommand): CommandOutcome {
    this.#transaction(command);
    return this.#outcome as CommandOutcome; // the transaction sets it, or throws
  }

  /** Its rows under the keys and in the form of the other service, without times. */
  rows(): Map<string, string> {
    const rows = new Map<string, string>();
    for (const each of this.#orders.all() as readonly (OrderTableRow & { readonly id: string })[]) {
      const { id, customer, status, lines, total_cents: totalCents, revision } = each;
      rows.set(`!orders!${id}`, JSON.stringify({ customer, status, lines: JSON.parse(lines), totalCents, revision }));
    }
    for (const { day, ...row } of this.#days.all() as readonly { readonly day: string }[]) {
      rows.set(`!revenue!${day}`, JSON.stringify(row));
    }
    return rows;
  }

  #carryOut(command: OrderCommand): CommandOutcome {
    const done = this.#done.get(command.id) as { readonly sequence: number; readonly revision: number } | undefined;
    if (done !== undefined) return { kind: "repeated", ...done };
    const row = this.#order.get(command.order) as OrderTableRow | undefined; // as the statement selects
    const lines = row === undefined ? [] : (JSON.parse(row.lines) as OrderLine[]);
    const state = {
      status: row?.status ?? ("none" as const),
      lineCount: lines.length,
      totalCents: row?.total_cents ?? 0,
    };
    const decision = decide(state, command);
    if (decision.kind === "refused") return decision;
    return this.#apply(command, decision.events, row, lines);
  }

  #apply(
    { id, order }: OrderCommand,
    events: readonly NewOrderEvent[],
    row: OrderTableRow | undefined,
    lines: OrderLine[],
  ): CommandOutcome {
    const now = Date.now();
    let { customer = "", status = "open", total_cents: cents = 0, revision = -1 } = row ?? {};
    let sequence = 0;
    for (const event of events) {
      revision += 1;
      const payload = JSON.stringify(validated(event));
      const { kind } = definitionOf[event.name];
      const inserted = this.#insert.run(entityOf(order), revision, this.#nextId(), id, kind, now * 1000, payload);
      sequence = Number(inserted.lastInsertRowid);
      switch (event.name) {
        case "order.placed":
          ({ customer } = event.data);
          break;
        case "order.line-added":
          lines.push(event.data);
          cents += event.data.quantity * event.data.unitCents;
          break;
        case "order.paid":
          status = "paid";
          this.#earn.run(dayOf(now), event.data.cents, 1, 0);
          break;
        case "order.shipped":
          status = "shipped";
          break;
        case "order.cancelled":
          status = "cancelled";
          if (event.data.refundedCents > 0) this.#earn.run(dayOf(now), -event.data.refundedCents, 0, 1);
          break;
      }
    }
    this.#put.run(order, customer, status, JSON.stringify(lines), cents, row?.placed_ms ?? now, revision);
    return { kind: "done", sequence, revision };
  }

  /** 36 characters that ascend, as UUIDs of version 7 do. */
  #nextId(): string {
    this.#ids += 1;
    return `01933b2c-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }
}

function validated({ name, data }: NewOrderEvent): unknown {
  const result = definitionOf[name].schema?.["~standard"].validate(data);
  if (result === undefined || "then" in result || result.issues !== undefined) throw new Error(`${name} is refused`);
  return result.value;
}
