import { rootIno, type FsState, type Image } from "./fs-state.js";
import { pageBytes } from "./paged-content.js";

/**
 * What a program can learn of the disk it finds, one fact at a time. A question never names an inode: files and
 * directories are numbered in the order the program met them, the root is 0. So two disks that answer every question
 * alike are the same disk to a program that asks nothing else, whatever their inode numbers and unread bytes are.
 */
export type Question =
  /** Answer: "" for no such name, `file` or `directory` for one met for the first time, `#n` for number n again. */
  | { readonly kind: "name"; readonly of: number; readonly name: string }
  /** The first name of a directory behind `after` by code unit, and its kind: `name/file`, or "" behind the last one. */
  | { readonly kind: "next"; readonly of: number; readonly after: string }
  /** The length, or `upTo` when it is at least that. */
  | { readonly kind: "length"; readonly of: number; readonly upTo: number }
  /** Bytes of a range as one character each; short at the end of the file. */
  | { readonly kind: "bytes"; readonly of: number; readonly from: number; readonly to: number }
  /** How many names a file has; also decides what a tree log takes along with a file that lost one of them. */
  | { readonly kind: "links"; readonly of: number }
  /** Whether one page is stored, which decides whether a cut inside it writes zeros: `stored` or `hole`. */
  | { readonly kind: "page"; readonly of: number; readonly page: number }
  /** Which pages are stored, and how much of each: what a copy by reference and a punch log. */
  | { readonly kind: "pages"; readonly of: number }
  /** Which pages are stored: what decides how many are after the program has stored some itself. */
  | { readonly kind: "stored"; readonly of: number }
  /** How often the disk has been mounted, which shows in nonces and in the identity of the process. */
  | { readonly kind: "mounts"; readonly of: 0 };

/** Answers are equal when their strings are. */
export type Answer = string;

/** One question and the answer that one disk gave. */
export interface Observation {
  /** What was asked of the disk. */
  readonly question: Question;
  /** What it said. */
  readonly answer: Answer;
}

/** A read is cut into questions of at most so many bytes, the least that any personality tears. */
const questionBytes = 512;

/** Inode numbers by number of meeting, where every program starts: at the root. */
export const metAtStart: readonly number[] = [rootIno];

/** Identity of a question, for maps. */
export function questionKey(question: Question): string {
  switch (question.kind) {
    case "name":
      return `n${question.of}/${question.name}`;
    case "next":
      return `x${question.of}/${question.after}`;
    case "length":
      return `l${question.of}:${question.upTo}`;
    case "bytes":
      return `b${question.of}:${question.from}-${question.to}`;
    case "links":
      return `k${question.of}`;
    case "page":
      return `p${question.of}:${question.page}`;
    case "pages":
      return `a${question.of}`;
    case "stored":
      return `s${question.of}`;
    case "mounts":
      return "m";
  }
}

/**
 * What a mounted tree answers.
 *
 * @param met - inode numbers by number of meeting.
 */
export function answerOf(tree: FsState | Image, question: Question, met: readonly number[]): Answer {
  if (question.kind === "mounts") return String(tree.boots);
  const inode = tree.inode(met[question.of] ?? 0);
  switch (question.kind) {
    case "name": {
      const ino = inode?.names?.get(question.name);
      if (ino === undefined) return "";
      const number = met.indexOf(ino);
      return number === -1 ? (tree.inode(ino)?.kind ?? "") : `#${number}`;
    }
    case "next": {
      const name = nextName(inode?.names, question.after);
      return name === undefined ? "" : entryAnswer(name, tree.inode(inode?.names?.get(name) ?? 0)?.kind);
    }
    case "length":
      return String(Math.min(inode?.content?.size ?? 0, question.upTo));
    case "bytes": {
      const bytes = Buffer.allocUnsafe(question.to - question.from);
      const count = inode?.content?.read(bytes, question.from) ?? 0;
      return bytes.toString("latin1", 0, count);
    }
    case "links":
      return String(inode?.links ?? 0);
    case "page": {
      const stored = inode?.content?.page(question.page) !== undefined;
      return stored ? "stored" : "hole";
    }
    case "pages": {
      const { content } = inode ?? {};
      return [...(content?.pageIndexes() ?? [])].map((at) => `${at}:${content?.page(at)?.length}`).join();
    }
    case "stored":
      return [...(inode?.content?.pageIndexes() ?? [])].join();
  }
}

/** The answer to `next` that shows this entry. */
export function entryAnswer(name: string, kind: string | undefined): Answer {
  return `${name}/${kind}`;
}

/** The inode that the answer to a question about a name makes the program meet, if it does. */
export function meetingOf(tree: FsState | Image, { question, answer }: Observation, met: readonly number[]): number {
  if (question.kind !== "name" || answer === "" || answer.startsWith("#")) return 0;
  return tree.inode(met[question.of] ?? 0)?.names?.get(question.name) ?? 0;
}

function nextName(names: ReadonlyMap<string, number> | undefined, after: string): string | undefined {
  let next: string | undefined;
  for (const name of names?.keys() ?? []) if (name > after && (next === undefined || name < next)) next = name;
  return next;
}

/** The questions that a read of `[from, to)` asks, in order. Whoever asks them stops at a short answer. */
export function* questionsOfRead(of: number, from: number, to: number): Generator<Question> {
  for (let at = from; at < to;) {
    const stop = Math.min(to, (Math.floor(at / questionBytes) + 1) * questionBytes);
    yield { kind: "bytes", of, from: at, to: stop };
    at = stop;
  }
}

/** The page in which a cut to `size` leaves bytes to be zeroed; undefined when it ends on a page boundary. */
export function pageOfCut(size: number): number | undefined {
  return size % pageBytes === 0 ? undefined : Math.floor(size / pageBytes);
}
