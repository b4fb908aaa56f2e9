/** Which segment an event lies in: segments by the first sequence that they hold. A store has few of them. */
export class SegmentBases {
  readonly #ids: number[] = [];
  readonly #bases: number[] = [];
  #replacements = 0;

  /** How often events turned out to be elsewhere. */
  get replacements(): number {
    return this.#replacements;
  }

  /** The event lies in this segment, and all later ones in this or later segments. */
  note(segmentId: number, sequence: number): void {
    if (this.#ids.at(-1) === segmentId) return;
    this.#ids.push(segmentId);
    this.#bases.push(sequence);
  }

  /** From this event on, all have been written again to this segment. */
  replace(segmentId: number, fromSequence: number): void {
    this.#replacements += 1;
    while ((this.#bases.at(-1) ?? 0) >= fromSequence) {
      this.#bases.pop();
      this.#ids.pop();
    }
    this.note(segmentId, fromSequence);
  }

  /** The events of a segment are elsewhere in it. */
  noteRewritten(): void {
    this.#replacements += 1;
  }

  /** Segment id of an event. */
  of(sequence: number): number {
    return this.#ids[this.#indexOf(sequence)] ?? 0;
  }

  /** The first event in the segment of an event. */
  firstIn(sequence: number): number {
    return this.#bases[this.#indexOf(sequence)] ?? 1;
  }

  #indexOf(sequence: number): number {
    let [low, high] = [0, this.#bases.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#bases[middle]! <= sequence) low = middle; // between two that are inside
      else high = middle;
    }
    return low;
  }
}
