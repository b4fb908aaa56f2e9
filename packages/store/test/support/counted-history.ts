import {
  defineEvent,
  region,
  uncheckedSchema,
  type EventDefinition,
  type EventId,
  type Store,
  type StoreReader,
} from "../../src/index.js";

/** What processes write that are killed, and what must be there of it, however often they are. */

interface CountedData {
  readonly sequence: number;
  readonly fill: string;
}

type CountedDefinition = EventDefinition<"counted", CountedData, CountedData>;
export const Counted: CountedDefinition = defineEvent({
  name: "counted",
  kind: 0x1001,
  schema: uncheckedSchema<CountedData>(),
});

/** A receipt as it comes from another process: sequence, revision, id, and the hash in hexadecimal. */
export type ToldReceipt = readonly [sequence: number, revision: number, id: EventId, hash: string];

/** The event of a sequence: whoever knows the one knows the other. */
export function countedAt(sequence: number): { readonly entity: string; readonly data: CountedData } {
  return { entity: `entity:${sequence % 7}`, data: { sequence, fill: "x".repeat((sequence * 7919) % 300) } };
}

/** Whether retention has taken a payload, may have, or has not. */
export type PayloadFate = "kept" | "either" | "dropped";

/** Every event of a store that was acknowledged or seen, with the id it had then. */
export class CountedHistory {
  /** By sequence; nothing at 0. */
  readonly #ids: string[] = [""];
  #unseen: ToldReceipt[] = [];

  /** Events of which anything is known. */
  get length(): number {
    return this.#ids.length - 1;
  }

  acknowledge(receipts: readonly ToldReceipt[]): void {
    this.#unseen.push(...receipts);
  }

  /**
   * Throws unless every event that was ever acknowledged or seen is there, in its place, under its id and with its content, each
   * receipt since the last look stands for its event, and the chain over all of them verifies.
   */
  async demand(
    store: Store<CountedDefinition> | StoreReader<CountedDefinition>,
    fate?: (sequence: number) => PayloadFate,
  ): Promise<void> {
    const ids = this.#ids;
    const known = this.length;
    const revisions = new Map<string, number>();
    let sequence = 0;
    for (const event of store.events(region())) {
      sequence += 1;
      const { entity, data } = countedAt(sequence);
      const revision = (revisions.get(entity) ?? -1) + 1;
      revisions.set(entity, revision);
      ids[sequence] ??= event.id;
      const wanted = fate?.(sequence) ?? "kept";
      const hasFate = wanted === "either" || (event.status === "dropped") === (wanted === "dropped");
      const isWhole = event.status === "known" && event.data.sequence === sequence && event.data.fill === data.fill;
      const isInPlace = event.sequence === sequence && event.entity === entity && event.revision === revision;
      if (isInPlace && event.id === ids[sequence] && hasFate && (isWhole || event.status === "dropped")) continue;
      throw new Error(
        `in place of event ${sequence}, ${entity} ${revision}, id ${ids[sequence]}: ${JSON.stringify(event)}`,
      );
    }
    const isAll = sequence >= known && sequence === store.lastSequence;
    if (!isAll) throw new Error(`${sequence} events of ${known} are there`);
    for (const receipt of this.#unseen) this.#demandReceipt(store, receipt);
    this.#unseen = [];
    const report = await store.verify();
    const isIntact = report.kind === "intact" && report.events === sequence;
    if (!isIntact) throw new Error(`does not verify: ${JSON.stringify(report)}`);
  }

  #demandReceipt(store: Store<CountedDefinition> | StoreReader<CountedDefinition>, told: ToldReceipt): void {
    const [sequence, , id] = told;
    const event = store.get(id);
    const hash = Buffer.from(store.hashAt(sequence) ?? []).toString("hex");
    const found = JSON.stringify([event?.sequence, event?.revision, event?.id, hash]);
    if (found !== JSON.stringify(told)) throw new Error(`the receipt ${JSON.stringify(told)} leads to ${found}`);
  }
}
