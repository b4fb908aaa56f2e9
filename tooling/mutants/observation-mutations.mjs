// Every question that an observed file system asks, what an answer holds, what a pending effect can change of it, and the
// numbers in the log of a recovery: observed-fs.ts, observation.ts, undecided-layer.ts, undecided-disks.ts, renumbered-run.ts.
import { area, tests } from "./area.mjs";

/** One mutation within one block; `put` is left out where the text just goes. */
const one = (file, block, what, find, put) => ({
  what,
  file,
  find,
  ...(block === undefined ? {} : { in: block }),
  ...(put === undefined ? {} : { put }),
});

const asks = (block, what, find, put) => one("observed-fs.ts", block, what, find, put);
const fact = (what, find, put) => one("observation.ts", undefined, what, find, put);
const touched = (what, find, put) => one("undecided-layer.ts", undefined, what, find, put);

const askMutations = area(
  "questions",
  [tests.observedFs],
  [
    asks(
      "#walk(path: string)",
      "a path is walked unasked",
      'if (of !== undefined) this.#ask({ kind: "name", of, name });',
    ),
    asks("#ask(question: Question)", "nobody is met", "this.#met.push(ino);"),
    asks("override open(", "open asks for nothing", "this.#walk(path);"),
    asks("override stat(", "stat asks for nothing", "this.#walk(path);"),
    asks("override list(", "list asks for no entries", "this.#askEntries(this.#walk(path));", "this.#walk(path);"),
    asks("override list(", "list asks for nothing", "this.#askEntries(this.#walk(path));"),
    asks("override makeDirectory(", "makeDirectory asks for nothing", "this.#walk(path);"),
    asks(
      "override removeDirectory(",
      "whether a directory is empty is not asked",
      "this.#askEntries(this.#walk(path));",
      "this.#walk(path);",
    ),
    asks("override removeDirectory(", "removeDirectory asks for nothing", "this.#askEntries(this.#walk(path));"),
    asks("override rename(", "rename does not ask for what it moves", "this.#walk(from);"),
    asks(
      "override rename(",
      "rename does not ask for what it replaces",
      "const target = this.#noteLoss(this.#walk(to));",
      "const target = undefined;",
    ),
    asks("override rename(", "whether a directory may be replaced is not asked", "this.#askEntries(target);"),
    asks("override link(", "link does not ask for the file", "this.#walk(from);"),
    asks("override link(", "link does not ask for its name", "this.#walk(to);"),
    asks("override remove(", "remove asks for nothing", "this.#noteLoss(this.#walk(path));"),
    asks("override reflink(", "a copy does not ask for the file", "this.#walk(from);"),
    asks("override reflink(", "a copy does not ask for its name", "this.#walk(to);"),
    asks("override syncNames(", "a promised names barrier asks for nothing", "this.#walk(path);"),
    asks("override syncNamesBlocking(", "a names barrier asks for nothing", "this.#walk(path);"),
    asks("observeMounts()", "mounts are not asked for", 'this.#ask({ kind: "mounts", of: 0 });'),
    asks("override get namespaceId()", "the name of the file system tells mounts unasked", "this.observeMounts();"),
    asks("override nonce()", "a nonce tells mounts unasked", "this.observeMounts();"),
    asks("override processIdentity()", "the process tells mounts unasked", "this.observeMounts();"),
    asks("override statInode(", "the size of a stat is not asked for", "askLength();"),
    asks("override statInode(", "the names of a stat are not asked for", "ask.links();"),
    asks("override statInode(", "what a stat says is stored is not asked for", "ask.allocated();"),
    asks("override sizeOf(", "the place of an append is not asked for", "this.#askLength(ino);"),
    asks(
      "override readContent(",
      "a read asks for nothing",
      "this.#askBytes(handle.ino, offset, offset + target.length);",
    ),
    asks(
      "override readContent(",
      "a read asks for its first byte",
      "this.#askBytes(handle.ino, offset, offset + target.length);",
      "this.#askBytes(handle.ino, offset, offset + 1);",
    ),
    asks(
      "override writeContent(",
      "a write asks for nothing",
      "if (bytes.length > 0) this.#askGrowth(handle.ino, offset, offset + bytes.length);",
    ),
    asks("#askGrowth(", "whether a write grows a file is not asked", "this.#askLength(ino, end);"),
    asks("#askGrowth(", "whether there is a page to grow on is not asked", 'this.#ask({ kind: "page", of, page });'),
    asks("protected override cut(", "a cut does not ask for the length", "this.#askLength(ino);"),
    asks(
      "protected override cut(",
      "whether there is a page to cut is not asked",
      'if (of !== undefined && page !== undefined && size < from) this.#ask({ kind: "page", of, page });',
    ),
    asks("override allocate(", "room asks for nothing", "this.#askLength(handle.ino, offset + length);"),
    asks("override allocate(", "room asks for half of it", "offset + length", "offset"),
    asks("override punch(", "a hole does not ask for the length", "this.#askLength(handle.ino);"),
    asks("override punch(", "a hole does not ask for pages", 'this.#askAbout(handle.ino, "pages");'),
    asks("protected override shareContent(", "a copy does not ask for the length", "this.#askLength(from);"),
    asks("protected override shareContent(", "a copy does not ask for pages", 'this.#askAbout(from, "pages");'),
    asks(
      "protected override shareContent(",
      "a copy does not ask for bytes",
      "this.#askBytes(from, 0, this.state.inode(from)?.content?.size ?? 0);",
    ),
    asks("#noteLoss(", "a lost name is forgotten", "this.#unnamed.add(ino);"),
    asks(
      "override rename(",
      "a rename takes no name from what it replaces",
      "this.#noteLoss(this.#walk(to));",
      "this.#walk(to);",
    ),
    asks("override remove(", "a removal takes no name", "this.#noteLoss(this.#walk(path));", "this.#walk(path);"),
    asks("override fileBarrierBlocking(", "a barrier does not ask for names", "this.#askNamesLeft(handle);"),
    asks("override issueFileBarrier(", "a promised barrier does not ask for names", "this.#askNamesLeft(handle);"),
    asks("override snapshot()", "a snapshot asks for nothing", "this.#askAll();"),
    asks("override durableImage()", "the durable image asks for nothing", "this.#askAll();"),
    asks("override trace()", "a trace asks for nothing", "this.#askAll();"),
    asks("protected override inoOf(", "the controls of the disk ask for nothing", "this.#askAll();"),
    asks("override checkMediaFault(", "an armed fault asks for nothing", "this.#askAll();"),
    asks(
      "#askAll()",
      "a tree as a whole is walked without its bytes",
      "for (const question of questionsOfRead(of, 0, content.size)) this.#ask(question);",
    ),
    asks(
      "#askAll()",
      "of a tree as a whole only the root is asked for",
      'for (const name of this.#askEntriesOf(of)) this.#ask({ kind: "name", of, name });',
      "this.#askEntriesOf(of);",
    ),
    asks(
      "#askBytes(",
      "what a cut took away is asked for",
      "this.#liveEnds.get(ino) ?? Number.POSITIVE_INFINITY",
      "Number.POSITIVE_INFINITY",
    ),
    asks(
      "#askBytes(",
      "a read goes on asking behind the end",
      "if (this.#ask(question).length < length) return;",
      "this.#ask(question);",
    ),
  ],
);

const answerMutations = area(
  "answers",
  [tests.observedFs],
  [
    fact(
      "a file met before is a file again",
      'return number === -1 ? (tree.inode(ino)?.kind ?? "") : `#${number}`;',
      'return tree.inode(ino)?.kind ?? "";',
    ),
    fact("an entry has no kind", "return `${name}/${kind}`;", "return `${name}/`;"),
    fact("a length is told whole", "Math.min(inode?.content?.size ?? 0, question.upTo)", "inode?.content?.size ?? 0"),
    fact("every page is stored", 'return stored ? "stored" : "hole";', 'return "stored";'),
    fact("pages have no length", "`${at}:${content?.page(at)?.length}`", "`${at}`"),
    fact(
      "what is stored is a count",
      "return [...(inode?.content?.pageIndexes() ?? [])].join();",
      "return String(inode?.content?.pageCount ?? 0);",
    ),
    fact("a file has one name", "return String(inode?.links ?? 0);", 'return "1";'),
    fact("one name in a listing is passed over", "if (name > after &&", "if (name > `${after}~` &&"),
  ],
);

const decisionMutations = area(
  "decisions",
  [tests.lazyDifferences, tests.lazyExplorer, tests.sampled],
  [
    touched(
      "names touch nothing",
      "return effect.directory === ino && effect.name === question.name;",
      "return false;",
    ),
    touched(
      "names touch no listing",
      "return effect.directory === ino && effect.name > question.after;",
      "return false;",
    ),
    touched(
      "names touch no count",
      'return effect.ino === ino || effect.inodeKind === "directory";',
      'return effect.inodeKind === "directory";',
    ),
    touched(
      "directories touch no count",
      'return effect.ino === ino || effect.inodeKind === "directory";',
      "return effect.ino === ino;",
    ),
    touched("lengths touch no length", "return lengths.some((length) => length < question.upTo);", "return false;"),
    touched("lengths touch no bytes", "return lengths.some((length) => length < question.to);", "return false;"),
    touched(
      "each length is judged alone",
      'if (effect.kind === "size") return effect.ino === ino && lengthMatters;',
      'if (effect.kind === "size") return effect.ino === ino && lengthTouches([effect.from, effect.to], question);',
    ),
    touched(
      "a move touches no other directory",
      '(movesApart && effect.inodeKind === "directory")',
      "(movesApart && isDirectoryMove(effect))",
    ),
    touched("a move touches its own names only", '(movesApart && effect.inodeKind === "directory") ||', ""),
    touched("bytes touch no bytes", "return start < to && from < end;", "return false;"),
    touched("bytes touch no page", "return place.page === question.page;", "return false;"),
    one(
      "undecided-disks.ts",
      undefined,
      "disks of the same bytes are the same",
      'imageHash(disk.image, "counted")',
      "imageHash(disk.image)",
    ),
    one("undecided-disks.ts", undefined, "one boot is as the next", "ledger.state.boots += 1;"),
    one(
      "renumbered-run.ts",
      undefined,
      "a log keeps the numbers of its own disk",
      "numbers.get(ino) ?? ino - own.nextIno + base.nextIno",
      "ino",
    ),
    one(
      "renumbered-run.ts",
      undefined,
      "what a program makes keeps its number",
      "numbers.get(ino) ?? ino - own.nextIno + base.nextIno",
      "numbers.get(ino) ?? ino",
    ),
    one(
      "renumbered-run.ts",
      undefined,
      "one log serves all disks",
      "const key = `${disk.met.join()}/${disk.image.nextIno}`;",
      'const key = "";',
    ),
  ],
);

export const observationMutations = [...askMutations, ...answerMutations, ...decisionMutations];
