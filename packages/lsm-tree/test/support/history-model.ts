// What a database has to show: the state behind each record of its log, found again by its last seqno.

/** Keys in hex, which sorts as their bytes do. */
export type Content = ReadonlyMap<string, string>;

export interface ModelState {
  readonly seqno: number;
  readonly content: Content;
}

export interface ModelBounds {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
}

/** The state was durable once the file system had so many records. */
interface Acknowledged {
  readonly at: number;
  readonly seqno: number;
}

export class HistoryModel {
  #states: ModelState[];
  #acks: Acknowledged[];
  /** What survives the end of the process. */
  writtenSeqno: number;

  constructor(first: ModelState) {
    this.#states = [first];
    this.#acks = [{ at: 0, seqno: first.seqno }];
    this.writtenSeqno = first.seqno;
  }

  get last(): ModelState {
    return this.#states.at(-1)!; // the first one stays
  }

  get content(): Content {
    return this.last.content;
  }

  /** The content behind a record that ends with this seqno; undefined when none does. */
  at(seqno: number): Content | undefined {
    return this.#states.findLast((state) => state.seqno === seqno)?.content;
  }

  /** Writes are in a record that was asked for; each is a key with its value, or without one. */
  write(writes: readonly (readonly [key: string, value: string | undefined])[], isWritten: boolean): ModelState {
    const content = new Map(this.content);
    for (const [key, value] of writes) {
      if (value === undefined) content.delete(key);
      else content.set(key, value);
    }
    return this.#add({ seqno: this.last.seqno + writes.length, content }, isWritten);
  }

  clear(): ModelState {
    return this.#add({ seqno: this.last.seqno + 1, content: new Map() }, true);
  }

  acknowledge({ seqno }: Pick<ModelState, "seqno">, at: number): void {
    this.#acks.push({ at, seqno });
    this.writtenSeqno = Math.max(this.writtenSeqno, seqno);
  }

  /** The seqno that a power loss behind so many records of the file system has to leave at least. */
  durableSeqno(at: number): number {
    return Math.max(...this.#acks.filter((ack) => ack.at <= at).map(({ seqno }) => seqno));
  }

  /**
   * A crash has left the state with this seqno.
   *
   * @param at - records of the file system behind which it is durable.
   * @param isNewDisk - whether nothing of what was acknowledged before matters any more.
   */
  survive(seqno: number, at: number, isNewDisk: boolean): void {
    this.#states = this.#states.filter((state) => state.seqno <= seqno);
    if (isNewDisk) this.#acks = [];
    this.#acks.push({ at, seqno });
    this.writtenSeqno = seqno;
  }

  #add(state: ModelState, isWritten: boolean): ModelState {
    this.#states.push(state);
    if (isWritten) this.writtenSeqno = state.seqno;
    return state;
  }
}

/** Entries inside the bounds, in the order that they ask for. Where both are given, an inclusive bound counts. */
export function entriesOf(content: Content, bounds: ModelBounds = {}): [key: string, value: string][] {
  const found = [...content].filter(([key]) => isInside(key, bounds));
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return bounds.reverse === true ? found.reverse() : found;
}

export function isInside(key: string, { gt, gte, lt, lte }: ModelBounds): boolean {
  if (gte !== undefined ? key < gte : gt !== undefined && key <= gt) return false;
  return lte !== undefined ? key <= lte : lt === undefined || key < lt;
}
