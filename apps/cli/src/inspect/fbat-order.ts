import type { FbatEvent } from "@holdfast/segment-codec/fbat";

/** How many event ids, and how many streams, are kept in mind at most. */
const maxKept = 0x4_0000;

export interface Disorder {
  readonly code: "INSPECT_REPEATED" | "INSPECT_OUT_OF_ORDER" | "INSPECT_STREAM_LINK";
  readonly reason: string;
}

/** The last event of a stream that counts. */
interface Last {
  readonly clock: number;
  /** Its hash, a character for each byte: what the next event of the stream links to. */
  readonly hash: string;
}

/**
 * What the events of one segment that count say of their own order: no id is there twice, along an entity and lane the clock
 * ascends, and where it ascends by one, an event links to the one before it; that of clock 0 to none. That holds for whatever a
 * store or its compaction leaves, gaps included; frames that were repeated, reversed or copied from elsewhere break it under sound
 * checksums. A stream of version 0.8 has one clock and one chain for all its lanes, and both laws hold along each lane of it.
 *
 * Memory: the ids and the streams of the first quarter of a million; later ones are held against those.
 */
export class FbatOrder {
  readonly #ids = new Set<string>();
  readonly #streams = new Map<string, Last>();

  /** Takes the next event that counts, and returns what is wrong about its place. */
  take({ eventId, entity, lane, clock, chain }: FbatEvent): Disorder | undefined {
    const id = textOf(eventId);
    if (this.#ids.has(id)) return { code: "INSPECT_REPEATED", reason: "the event is there before" };
    if (this.#ids.size < maxKept) this.#ids.add(id);
    const stream = `${lane} ${entity}`;
    const last = this.#streams.get(stream);
    if (last !== undefined && clock <= last.clock) {
      const reason = `its entity has come to clock ${last.clock} on that lane, and here is clock ${clock}`;
      return { code: "INSPECT_OUT_OF_ORDER", reason };
    }
    const hash = textOf(chain?.eventHash ?? new Uint8Array());
    if (last !== undefined || this.#streams.size < maxKept) this.#streams.set(stream, { clock, hash });
    const before = clock === 0 ? noHash : last?.clock === clock - 1 ? last.hash : undefined;
    if (before === undefined || chain === undefined || textOf(chain.previousHash) === before) return undefined;
    const reason = clock === 0 ? "at clock 0 it links to an event before it" : `it does not link to clock ${clock - 1}`;
    return { code: "INSPECT_STREAM_LINK", reason: `${reason} of its entity on that lane` };
  }
}

const noHash = "\0".repeat(32);

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}
