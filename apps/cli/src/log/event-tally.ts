/** What is counted of an event. */
export interface CountedEvent {
  readonly kind: number;
  readonly revision: number;
  readonly timeUs: number;
  readonly isDropped: boolean;
  readonly payloadBytes: number;
}

export interface KindCount {
  events: number;
  /** Of payloads, also of those that were dropped. */
  payloadBytes: number;
}

/** Counts events as they pass. Memory: that of the kinds, of which there are 65,535 at most. */
export class EventTally {
  events = 0;
  /** Events with revision 0: each is the first of its stream, and no store ever loses one. */
  streams = 0;
  dropped = 0;
  /** Bytes of envelopes and payloads as they are stored. */
  recordBytes = 0;
  payloadBytes = 0;
  firstSequence = 0;
  lastSequence = 0;
  /** Microseconds since 1970; undefined without an event. */
  firstTimeUs: number | undefined = undefined;
  lastTimeUs: number | undefined = undefined;
  readonly #kinds = new Map<number, KindCount>();

  take(event: CountedEvent, sequence: number, recordBytes: number): void {
    this.events += 1;
    if (event.revision === 0) this.streams += 1;
    if (event.isDropped) this.dropped += 1;
    this.recordBytes += recordBytes;
    this.payloadBytes += event.payloadBytes;
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.lastSequence = sequence;
    this.firstTimeUs ??= event.timeUs;
    this.lastTimeUs = event.timeUs;
    const count = this.#kinds.get(event.kind) ?? { events: 0, payloadBytes: 0 };
    this.#kinds.set(event.kind, count);
    count.events += 1;
    count.payloadBytes += event.payloadBytes;
  }

  /** Ascending. */
  kinds(): readonly (readonly [number, Readonly<KindCount>])[] {
    return [...this.#kinds].sort(([one], [other]) => one - other);
  }
}
