import type { AbstractBatchOperation, AbstractSublevel } from "abstract-level";
import type { Directory } from "@holdfast/fs-seam";
import { LsmLevel, type EngineComponents, type EngineSettings } from "@holdfast/lsm-tree";
import type { OrderStatus } from "./order.js";
import { touchedBy, ViewChanges, type OrderEvent, type OrderRow, type RevenueRow } from "./view-changes.js";

/**
 * The read model: orders by id, by customer and by status, and revenue by day, as sublevels of one database. The event up to which it has
 * come is in it, too.
 *
 * Invariants: 1. Rows and position are those of one moment, because whatever changes both is one batch, which a crash leaves as a whole or
 * not at all. 2. It is never ahead of the events: {@link apply} is given only what is durable in the store, so that no power loss leaves a
 * row of an event that is gone. So it needs no barrier of its own: what a crash takes of it is made again from events.
 *
 * Crash windows: none that leaves anything to repair. Behind a crash the rows are those of some earlier position.
 */

/** Where the read model stands. */
export interface ViewPosition {
  /** Of what rows look like; one of another version is made anew. */
  readonly version: number;
  /** The last event that is in the rows, with all before it. */
  readonly sequence: number;
  /** Goes on behind that event, in this store and this history alone. */
  readonly token: string;
}

/** Raised with every change of a row's shape or meaning. */
export const VIEW_VERSION = 1;

/** What a write reaches before it is done: the system, or the disk. */
export type ViewRung = "os" | "data";

export interface ViewOptions {
  readonly directory: Directory;
  readonly settings: EngineSettings;
  readonly components: Omit<EngineComponents, "directory">;
}

export type ViewDatabase = LsmLevel;
type Sublevel<Row> = AbstractSublevel<ViewDatabase, string | Buffer | Uint8Array, string, Row>;
export type ViewOperation = AbstractBatchOperation<ViewDatabase, string, unknown>;

const json = { valueEncoding: "json" } as const;
const POSITION = "position";

export class OrderView {
  readonly #db: ViewDatabase;
  readonly #orders: Sublevel<OrderRow>;
  readonly #byCustomer: Sublevel<string>;
  readonly #byStatus: Sublevel<string>;
  readonly #revenue: Sublevel<RevenueRow>;
  readonly #self: Sublevel<ViewPosition>;
  #position: ViewPosition | undefined;

  /** Opens it, creating it where there is none. */
  static async open(options: ViewOptions): Promise<OrderView> {
    const view = new this(options);
    await view.#open();
    return view;
  }

  /** Use {@link OrderView.open}. */
  protected constructor({ directory, settings, components }: ViewOptions) {
    this.#db = new LsmLevel({ ...settings, ...components, directory });
    this.#orders = this.#db.sublevel<string, OrderRow>("orders", json);
    this.#byCustomer = this.#db.sublevel("by-customer");
    this.#byStatus = this.#db.sublevel("by-status");
    this.#revenue = this.#db.sublevel<string, RevenueRow>("revenue", json);
    this.#self = this.#db.sublevel<string, ViewPosition>("view", json);
  }

  /** Undefined where no event is in it. */
  get position(): ViewPosition | undefined {
    return this.#position;
  }

  /** The sequence of {@link position}; 0 without one. */
  get sequence(): number {
    return this.#position?.sequence ?? 0;
  }

  /**
   * Takes in the events that follow the position, which ends at `position`.
   *
   * @param events - durable where they come from; one at least.
   */
  async apply(events: readonly OrderEvent[], position: ViewPosition, rung: ViewRung): Promise<void> {
    const { orders, days } = touchedBy(events);
    const [orderRows, revenueRows] = await Promise.all([this.#orders.getMany(orders), this.#revenue.getMany(days)]);
    const changes = new ViewChanges(rowsByKey(orders, orderRows), rowsByKey(days, revenueRows));
    for (const event of events) changes.take(event);
    await this.write([...this.#operations(changes)], this.#positionPut(position), rung);
    this.#position = position;
  }

  /** Forgets everything, so that all events are to be taken in anew. Atomic: rows and position go together. */
  async clear(): Promise<void> {
    await this.#db.clear();
    this.#position = undefined;
  }

  async order(id: string): Promise<OrderRow | undefined> {
    return this.#orders.get(id);
  }

  /** Ids of a customer's orders, in order. */
  async ordersOf(customer: string): Promise<string[]> {
    return partsBehind(`${customer}/`, await this.#byCustomer.keys(behind(`${customer}/`)).all());
  }

  /** Ids of orders with this status, in order; `limit` of them at most. */
  async ordersWith(status: OrderStatus, limit = -1): Promise<string[]> {
    return partsBehind(`${status}/`, await this.#byStatus.keys({ ...behind(`${status}/`), limit }).all());
  }

  /** @param day - in UTC, as `2026-11-28`. */
  async revenueOn(day: string): Promise<RevenueRow | undefined> {
    return this.#revenue.get(day);
  }

  /** All keys with their values, as they are stored, except the position: what two read models are compared by. */
  async contents(): Promise<Map<string, string>> {
    const entries = await this.#db.iterator().all();
    const own = `${this.#self.prefix}${POSITION}`;
    return new Map(entries.filter(([key]) => key !== own));
  }

  /** What is written survives, and whoever opens it next has little to do. */
  close(): Promise<void> {
    return this.#db.close();
  }

  /** Writes rows and position: one batch, or neither means anything. */
  protected async write(rows: readonly ViewOperation[], position: ViewOperation, rung: ViewRung): Promise<void> {
    await this.batch([...rows, position], rung);
  }

  protected async batch(operations: readonly ViewOperation[], rung: ViewRung): Promise<void> {
    await this.#db.batch<string, unknown>([...operations], { rung });
  }

  async #open(): Promise<void> {
    await this.#db.open();
    try {
      this.#position = await this.#self.get(POSITION);
    } catch (error) {
      await this.#db.close();
      throw error;
    }
  }

  *#operations({ orders, revenue, statusBefore }: ViewChanges): Generator<ViewOperation, void, undefined> {
    for (const [id, before] of statusBefore) {
      const row = orders.get(id) as OrderRow; // whatever was touched has one
      yield { type: "put", sublevel: this.#orders, key: id, value: row };
      if (before === undefined) {
        yield { type: "put", sublevel: this.#byCustomer, key: `${row.customer}/${id}`, value: "" };
      }
      if (before === row.status) continue;
      if (before !== undefined) yield { type: "del", sublevel: this.#byStatus, key: `${before}/${id}` };
      yield { type: "put", sublevel: this.#byStatus, key: `${row.status}/${id}`, value: "" };
    }
    for (const [day, row] of revenue) yield { type: "put", sublevel: this.#revenue, key: day, value: row };
  }

  #positionPut(position: ViewPosition): ViewOperation {
    return { type: "put", sublevel: this.#self, key: POSITION, value: position };
  }
}

function rowsByKey<Row>(keys: readonly string[], rows: readonly (Row | undefined)[]): Map<string, Row> {
  const found = new Map<string, Row>();
  for (const [at, key] of keys.entries()) {
    const row = rows[at];
    if (row !== undefined) found.set(key, row);
  }
  return found;
}

/** All keys that begin with a prefix: ids have only characters below `~`. */
function behind(prefix: string): { readonly gt: string; readonly lt: string } {
  return { gt: prefix, lt: `${prefix}~` };
}

function partsBehind(prefix: string, keys: readonly string[]): string[] {
  return keys.map((key) => key.slice(prefix.length));
}
