import { CrashFs, type CrashFsOptions, type CrashReport } from "./crash-fs.js";
import type { CrashChoice, Trace } from "./crash-choice.js";
import type { SyncRung } from "./durability.js";
import type { EngineHandle } from "./engine-handle.js";
import type { FileHandle, FileStat, OpenFileOptions } from "./file-handle.js";
import type { FsOperation } from "./fs-error.js";
import { rootIno, type Image } from "./fs-state.js";
import type { IssuedOperation } from "./issued-operation.js";
import type { HandleMediaFault } from "./media-faults.js";
import {
  answerOf,
  meetingOf,
  metAtStart,
  pageOfCut,
  questionKey,
  questionsOfRead,
  type Observation,
  type Question,
} from "./observation.js";
import { pageBytes } from "./paged-content.js";
import type { MetRun } from "./renumbered-run.js";
import type { DirectoryEntry, ProcessIdentity } from "./store-fs.js";

/**
 * A CrashFs that writes down what its program learns of the image it was mounted from. Two images that agree in these
 * observations make a deterministic program do the same, to the last record of its log.
 *
 * Every operation first asks for all that its outcome and its effects depend on. Asking for too much is allowed, and
 * happens where the program reads again what it wrote itself; asking for too little would be a bug.
 */
export class ObservedFs extends CrashFs {
  /** What was learned so far, in order, each question once. */
  readonly observations: readonly Observation[];
  readonly #observations: Observation[] = [];
  readonly #asked = new Map<string, string>();
  readonly #found: Image;
  readonly #met: number[] = [...metAtStart];
  readonly #numbers = new Map<number, number>([[rootIno, 0]]);
  /** Bytes of the image behind this are gone, because the program cut the file. */
  readonly #liveEnds = new Map<number, number>();
  /** What the program took a name from. */
  readonly #unnamed = new Set<number | undefined>();

  /** Without a bound on space: how much is left would be a fact about every file. */
  constructor(options: Pick<CrashFsOptions, "personality" | "callSites"> & { readonly image: Image }) {
    super(options);
    this.#found = options.image;
    this.observations = this.#observations;
  }

  /** @internal The run so far, without learning of the tree that it began from. */
  runForExplorer(): MetRun & { readonly observations: readonly Observation[] } {
    return { trace: super.trace(), met: this.#met, observations: this.observations };
  }

  // --- asking -----------------------------------------------------------------------------------------------------

  #ask(question: Question): string {
    const key = questionKey(question);
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    const answer = answerOf(this.#found, question, this.#met);
    const observation = { question, answer };
    const ino = meetingOf(this.#found, observation, this.#met);
    if (ino !== 0) {
      this.#numbers.set(ino, this.#met.length);
      this.#met.push(ino);
    }
    this.#asked.set(key, answer);
    this.#observations.push(observation);
    return answer;
  }

  /** The number of an inode of the image; undefined for one that the program made. */
  #numberOf(ino: number): number | undefined {
    return this.#numbers.get(ino);
  }

  /** Asks for every name on the way, and returns what is at the end. */
  #walk(path: string): number | undefined {
    let ino = rootIno;
    if (path === "/") return ino;
    for (const name of path.slice(1).split("/")) {
      const of = this.#numberOf(ino);
      const { names } = this.state.inode(ino) ?? {};
      if (names === undefined) return undefined; // a file, as the answer that led here said
      if (of !== undefined) this.#ask({ kind: "name", of, name });
      const next = names.get(name);
      if (next === undefined) return undefined;
      ino = next;
    }
    return ino;
  }

  #noteLoss(ino: number | undefined): number | undefined {
    this.#unnamed.add(ino);
    return ino;
  }

  #askEntries(ino: number | undefined): void {
    const of = ino === undefined ? undefined : this.#numberOf(ino);
    if (of !== undefined && this.#found.inode(ino ?? 0)?.names !== undefined) this.#askEntriesOf(of);
  }

  #askEntriesOf(of: number): string[] {
    const names: string[] = [];
    for (let after = ""; ;) {
      const answer = this.#ask({ kind: "next", of, after });
      if (answer === "") return names;
      after = answer.slice(0, answer.lastIndexOf("/"));
      names.push(after);
    }
  }

  #askBytes(ino: number, from: number, to: number): void {
    const of = this.#numberOf(ino);
    if (of === undefined) return;
    const end = Math.min(to, this.#liveEnds.get(ino) ?? Number.POSITIVE_INFINITY);
    for (const question of questionsOfRead(of, from, end)) {
      const length = question.kind === "bytes" ? question.to - question.from : 0;
      if (this.#ask(question).length < length) return;
    }
  }

  #askLength(ino: number, upTo = Number.MAX_SAFE_INTEGER): void {
    const of = this.#numberOf(ino);
    if (of !== undefined) this.#ask({ kind: "length", of, upTo });
  }

  /** A write that grows a file logs by how much, and whether its last page is there to begin on. */
  #askGrowth(ino: number, offset: number, end: number): void {
    const of = this.#numberOf(ino);
    this.#askLength(ino, end);
    const size = this.state.inode(ino)?.content?.size ?? 0;
    const page = pageOfCut(size);
    if (of === undefined || page === undefined || end <= size || offset >= (page + 1) * pageBytes) return;
    this.#ask({ kind: "page", of, page });
  }

  #askAbout(ino: number, kind: "links" | "pages" | "stored"): void {
    const of = this.#numberOf(ino);
    if (of !== undefined) this.#ask({ kind, of });
  }

  /** Asks for everything that the image holds, also where the program has changed it: a crash may bring it back. */
  #askAll(): void {
    for (let of = 0; of < this.#met.length; of += 1) {
      const { names, content } = this.#found.inode(this.#met[of] as number) ?? {}; // below length
      if (names !== undefined) for (const name of this.#askEntriesOf(of)) this.#ask({ kind: "name", of, name });
      if (content === undefined) continue;
      this.#ask({ kind: "length", of, upTo: Number.MAX_SAFE_INTEGER });
      this.#ask({ kind: "pages", of });
      for (const question of questionsOfRead(of, 0, content.size)) this.#ask(question);
    }
  }

  // --- names ------------------------------------------------------------------------------------------------------

  override open(path: string, options: OpenFileOptions): FileHandle {
    this.#walk(path);
    return super.open(path, options);
  }

  override stat(path: string): FileStat {
    this.#walk(path);
    return super.stat(path);
  }

  override list(path: string): DirectoryEntry[] {
    this.#askEntries(this.#walk(path));
    return super.list(path);
  }

  override makeDirectory(path: string): void {
    this.#walk(path);
    super.makeDirectory(path);
  }

  override removeDirectory(path: string): void {
    this.#askEntries(this.#walk(path));
    super.removeDirectory(path);
  }

  override rename(from: string, to: string): void {
    this.#walk(from); // what is moved has its new name before it loses the old one
    const target = this.#noteLoss(this.#walk(to));
    this.#askEntries(target); // an empty directory may be replaced
    super.rename(from, to);
  }

  override link(from: string, to: string): void {
    this.#walk(from);
    this.#walk(to);
    super.link(from, to);
  }

  override remove(path: string): void {
    this.#noteLoss(this.#walk(path));
    super.remove(path);
  }

  override reflink(from: string, to: string): void {
    this.#walk(from);
    this.#walk(to);
    super.reflink(from, to);
  }

  override syncNames(path: string): Promise<void> {
    this.#walk(path);
    return super.syncNames(path);
  }

  override syncNamesBlocking(path: string): void {
    this.#walk(path);
    super.syncNamesBlocking(path);
  }

  // --- which boot this is -----------------------------------------------------------------------------------------

  /** Notes that the program learns how often the disk was mounted. */
  observeMounts(): void {
    this.#ask({ kind: "mounts", of: 0 });
  }

  override get namespaceId(): string {
    this.observeMounts();
    return super.namespaceId;
  }

  override nonce(): string {
    this.observeMounts();
    return super.nonce();
  }

  override processIdentity(): ProcessIdentity {
    this.observeMounts();
    return super.processIdentity();
  }

  // --- bytes ------------------------------------------------------------------------------------------------------

  override statInode(ino: number): FileStat {
    const stat = super.statInode(ino);
    if (this.#numberOf(ino) === undefined) return stat;
    const ask = { links: () => this.#askAbout(ino, "links"), allocated: () => this.#askAbout(ino, "stored") };
    const askLength = (): void => this.#askLength(ino);
    // Fields that nobody looks at are not learned.
    return {
      kind: stat.kind,
      get size() {
        askLength();
        return stat.size;
      },
      get links() {
        ask.links();
        return stat.links;
      },
      get allocatedBytes() {
        ask.allocated();
        return stat.allocatedBytes;
      },
    };
  }

  override sizeOf(ino: number): number {
    this.#askLength(ino);
    return super.sizeOf(ino);
  }

  override readContent(handle: EngineHandle, target: Uint8Array, offset: number): number {
    this.#askBytes(handle.ino, offset, offset + target.length);
    return super.readContent(handle, target, offset);
  }

  override writeContent(handle: EngineHandle, bytes: Uint8Array, offset: number, operation: "write" | "append"): void {
    if (bytes.length > 0) this.#askGrowth(handle.ino, offset, offset + bytes.length);
    super.writeContent(handle, bytes, offset, operation);
  }

  protected override cut(ino: number, size: number): void {
    this.#askLength(ino);
    const of = this.#numberOf(ino);
    const page = pageOfCut(size);
    const from = this.state.inode(ino)?.content?.size ?? 0;
    if (of !== undefined && page !== undefined && size < from) this.#ask({ kind: "page", of, page });
    super.cut(ino, size);
    if (of !== undefined) this.#liveEnds.set(ino, Math.min(size, this.#liveEnds.get(ino) ?? size));
  }

  override allocate(handle: EngineHandle, offset: number, length: number): void {
    this.#askLength(handle.ino, offset + length);
    super.allocate(handle, offset, length);
  }

  override punch(handle: EngineHandle, offset: number, length: number): void {
    this.#askLength(handle.ino);
    this.#askAbout(handle.ino, "pages");
    super.punch(handle, offset, length);
  }

  protected override shareContent(from: number, to: number): void {
    this.#askLength(from);
    this.#askAbout(from, "pages");
    this.#askBytes(from, 0, this.state.inode(from)?.content?.size ?? 0); // the log gets these bytes without a read
    super.shareContent(from, to);
  }

  // --- barriers ---------------------------------------------------------------------------------------------------

  /** A file that lost its last name is another one to a tree log than one with a name that nobody looked at. */
  #askNamesLeft({ ino }: EngineHandle): void {
    if (this.#unnamed.has(ino)) this.#askAbout(ino, "links");
  }

  override fileBarrierBlocking(handle: EngineHandle, rung: SyncRung): void {
    this.#askNamesLeft(handle);
    super.fileBarrierBlocking(handle, rung);
  }

  override issueFileBarrier(handle: EngineHandle, rung: SyncRung): IssuedOperation<void> {
    this.#askNamesLeft(handle);
    return super.issueFileBarrier(handle, rung);
  }

  // --- the tree as a whole ----------------------------------------------------------------------------------------

  override snapshot(): Image {
    this.#askAll();
    return super.snapshot();
  }

  override durableImage(): Image {
    this.#askAll();
    return super.durableImage();
  }

  override trace(): Trace {
    this.#askAll();
    return super.trace();
  }

  override crash(choice: "worst" | "best" | CrashChoice = "worst"): CrashReport {
    this.#askAll();
    return super.crash(choice);
  }

  /** For the controls of the disk, which look at a file as a whole. */
  protected override inoOf(path: string, operation: FsOperation): number {
    this.#askAll();
    return super.inoOf(path, operation);
  }

  /** Throws where the fault cannot apply here. */
  override checkMediaFault(fault: HandleMediaFault): void {
    this.#askAll();
    super.checkMediaFault(fault);
  }
}
