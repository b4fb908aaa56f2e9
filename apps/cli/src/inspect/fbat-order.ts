import type { FbatEvent } from "@holdfast/segment-codec/fbat";

/** How many event ids, and how many streams, are kept in mind at most. */
const maxKept = 0x4_0000;

export interface Disorder {
  readonly code: "INSPECT_REPEATED" | "INSPECT_OUT_OF_ORDER";
  readonly reason: string;
}

/**
 * What the events of one segment that count say of their own order: no id is there twice, and along an entity and lane the clock
 * ascends. That holds for whatever a store or its compaction leaves, gaps included; frames that were repeated, reversed or copied
 * from elsewhere break it under sound checksums. A stream of version 0.8 has one clock for all its lanes, which ascends too.
 *
 * Memory: the ids and the streams of the first quarter of a million; later ones are held against those.
 */
export class FbatOrder {
  readonly #ids = new Set<string>();
  readonly #clocks = new Map<string, number>();

  /** Takes the next event that counts, and returns what is wrong about its place. */
  take({ eventId, entity, lane, clock }: FbatEvent): Disorder | undefined {
    const id = Buffer.from(eventId.buffer, eventId.byteOffset, eventId.byteLength).toString("latin1");
    if (this.#ids.has(id)) return { code: "INSPECT_REPEATED", reason: "the event is there before" };
    if (this.#ids.size < maxKept) this.#ids.add(id);
    const stream = `${lane} ${entity}`;
    const last = this.#clocks.get(stream);
    if (last !== undefined && clock <= last) {
      const reason = `its entity has come to clock ${last} on that lane, and here is clock ${clock}`;
      return { code: "INSPECT_OUT_OF_ORDER", reason };
    }
    if (last !== undefined || this.#clocks.size < maxKept) this.#clocks.set(stream, clock);
    return undefined;
  }
}
