import { buildImage, choiceOf, type CrashChoice } from "./crash-choice.js";
import type { Unit } from "./crash-units.js";
import { isName } from "./effects.js";
import type { Image } from "./fs-state.js";
import { imageHash } from "./image-hash.js";
import { Ledger } from "./ledger.js";
import {
  answerOf,
  entryAnswer,
  meetingOf,
  metAtStart,
  questionKey,
  type Answer,
  type Question,
} from "./observation.js";
import type { SlabAllocator } from "./slab-allocator.js";
import { unwrittenUnder, type Unwritten } from "./personality.js";
import { touching, type Moment, type UndecidedLayer } from "./undecided-layer.js";

/**
 * Disks on which part of what was pending is not yet decided. Each stands for every legal disk that agrees with what is
 * decided; a question that an undecided unit could change splits it into disks that answer alike.
 *
 * Invariant: what is kept is closed under `needs`, what is lost is closed under `dependents`. So keeping nothing more is
 * legal, keeping everything that is not lost is legal, and a decision never has to be taken back.
 */

const undecided = 0;
const kept = 1;
const lost = 2;

/** What became of the units of one moment so far. */
class Fate {
  readonly moment: Moment;
  readonly unwritten: Unwritten;
  readonly states: Uint8Array;

  constructor(moment: Moment, unwritten: Unwritten, states: Uint8Array) {
    this.moment = moment;
    this.unwritten = unwritten;
    this.states = states;
  }

  /** Keeps or loses one unit, with what follows from it. */
  decide(unit: number, fate: typeof kept | typeof lost): Fate {
    const states = this.states.slice();
    const queue = [unit];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (states[next] === fate) continue;
      states[next] = fate;
      const also = fate === kept ? this.moment.units[next]?.needs : this.moment.dependents[next];
      for (const other of also ?? []) if (states[other] !== fate) queue.push(other);
    }
    return new Fate(this.moment, this.unwritten, states);
  }

  /** The units that survive when nothing more does. */
  get least(): { has(unit: number): boolean } {
    return { has: (unit) => this.states[unit] === kept };
  }

  keptUnits(): number[] {
    const units: number[] = [];
    this.states.forEach((state, unit) => {
      if (state === kept) units.push(unit);
    });
    return units;
  }

  /** The same with everything decided alike that is not decided yet. */
  withRest(fate: typeof kept | typeof lost): Fate {
    const states = this.states.map((state) => (state === undecided ? fate : state));
    return new Fate(this.moment, this.unwritten, states);
  }
}

/** A disk after one power loss, or after several: one in the workload, one in the recovery behind it, and so on. */
export class UndecidedDisk {
  /** @internal */
  readonly fates: readonly Fate[];
  /** @internal Inode numbers by number of meeting, of the program that is asking now. */
  readonly met: readonly number[];
  readonly #space: UndecidedSpace;
  #image: Image | undefined;

  /** @internal */
  constructor(space: UndecidedSpace, fates: readonly Fate[], met: readonly number[], image: Image | undefined) {
    this.#space = space;
    this.fates = fates;
    this.met = met;
    this.#image = image;
  }

  /** The disk on which nothing that is undecided survives; made once. */
  get image(): Image {
    this.#image ??= this.#space.build(this.fates);
    return this.#image;
  }

  /** The power losses that leave {@link UndecidedDisk.image}. */
  choices(): CrashChoice[] {
    return this.fates.map((fate, index) => {
      const { personality } = this.#space.layers[index] as UndecidedLayer; // one for each fate
      const { at, units } = fate.moment;
      return choiceOf(personality, at, units, fate.keptUnits(), fate.unwritten);
    });
  }

  /** The two ends of what this disk stands for: everything undecided is lost, and all of it survives. */
  ends(): [least: UndecidedDisk, most: UndecidedDisk] {
    const all = (state: typeof kept | typeof lost): UndecidedDisk => {
      const fates = this.fates.map((fate) => fate.withRest(state));
      return new UndecidedDisk(this.#space, fates, this.met, undefined);
    };
    return [all(lost), all(kept)];
  }

  /** Whether everything is decided. */
  get isDecided(): boolean {
    return this.fates.every(({ states }) => !states.includes(undecided));
  }
}

/** Disks that answer a question alike, in the order of the first of each. */
export type Split = ReadonlyMap<Answer, UndecidedDisk[]>;

/** All disks that the power losses of one or more runs may leave, and how questions split them. */
export class UndecidedSpace {
  /** The workload first, then each recovery that a power loss has ended. */
  readonly layers: readonly UndecidedLayer[];
  readonly #slab: SlabAllocator;
  /** What is durable in a later run, by the image it began from. */
  readonly #durable = new WeakMap<Image, Map<Moment, Image>>();
  readonly #touchings = new Map<string, Touching>();

  constructor(layers: readonly UndecidedLayer[], slab: SlabAllocator) {
    this.layers = layers;
    this.#slab = slab;
  }

  /** The disks of the first run, everything pending undecided. */
  start(): UndecidedDisk[] {
    return this.#begin(this.layers[0] as UndecidedLayer).map(
      (fate) => new UndecidedDisk(this, [fate], metAtStart, undefined),
    );
  }

  #begin({ moments, personality }: UndecidedLayer): Fate[] {
    return unwrittenUnder(personality).flatMap((fill) =>
      moments.map((moment) => new Fate(moment, fill, new Uint8Array(moment.units.length))),
    );
  }

  /**
   * The disks that a power loss in one more run leaves. It is the run of a program on all of `disks`, which told it the
   * same. Those on which nothing of the run survives are left out: they are the disks it began from.
   */
  under(disks: readonly UndecidedDisk[], layer: UndecidedLayer): { space: UndecidedSpace; disks: UndecidedDisk[] } {
    const space = new UndecidedSpace([...this.layers, layer], this.#slab);
    const fates = this.#begin(layer).flatMap(withSomething);
    const below = distinct(disks);
    return {
      space,
      disks: below.flatMap((disk) =>
        fates.map((fate) => new UndecidedDisk(space, [...disk.fates, fate], metAtStart, undefined)),
      ),
    };
  }

  /** @internal */
  build(fates: readonly Fate[]): Image {
    let image: Image | undefined;
    fates.forEach(({ moment, unwritten, least }, index) => {
      const { personality, nextIno } = this.layers[index] as UndecidedLayer; // one for each fate
      const durable = image === undefined ? moment.durable : this.#durableOn(image, index, moment);
      const state = buildImage(durable, moment.units, least, personality, unwritten, this.#slab);
      state.nextIno = Math.max(state.nextIno, nextIno); // numbers of one program never mean two files
      image = state.freeze();
    });
    return image as Image; // there is at least one layer
  }

  #durableOn(base: Image, index: number, moment: Moment): Image {
    const { personality, records } = this.layers[index] as UndecidedLayer;
    let known = this.#durable.get(base);
    if (known === undefined) this.#durable.set(base, (known = new Map()));
    const found = known.get(moment);
    if (found !== undefined) return found;
    const ledger = new Ledger(personality, base, records, this.#slab);
    ledger.advance(moment.at);
    ledger.state.boots += 1; // this run mounted the image before it; locks tell boots apart
    const durable = ledger.state.freeze();
    known.set(moment, durable);
    return durable;
  }

  /**
   * Splits disks by what they answer.
   *
   * @param limit - throws {@link TooManyDisks} when there are more disks than that.
   */
  split(disks: readonly UndecidedDisk[], question: Question, limit: number): Split {
    const groups = new Map<Answer, UndecidedDisk[]>();
    let count = 0;
    const add = (answer: Answer, disk: UndecidedDisk): void => {
      count += 1;
      if (count > limit) throw new TooManyDisks(limit);
      const group = groups.get(answer);
      const met = meetingOf(disk.image, { question, answer }, disk.met);
      const next = met === 0 ? disk : new UndecidedDisk(this, disk.fates, [...disk.met, met], disk.image);
      if (group === undefined) groups.set(answer, [next]);
      else group.push(next);
    };
    const units = this.#touching(question);
    for (const disk of disks) {
      if (question.kind === "next") this.#splitByNext(disk, question.of, question.after, add);
      else for (const each of this.#decided(disk, units)) add(answerOf(each.image, question, each.met), each);
    }
    return groups;
  }

  /** One of the answers, by deciding everything that touches the question: `keep` says which units survive, if they can. */
  decide(
    disk: UndecidedDisk,
    question: Question,
    keep: (unit: Unit) => boolean,
  ): { answer: Answer; disk: UndecidedDisk } {
    const fates = decideEach(disk.fates, this.#touching(question).openOn(disk), keep);
    const image = fates === disk.fates ? disk.image : this.build(fates);
    const answer = answerOf(image, question, disk.met);
    const met = meetingOf(image, { question, answer }, disk.met);
    return { answer, disk: new UndecidedDisk(this, fates, met === 0 ? disk.met : [...disk.met, met], image) };
  }

  /** One of the disks that this one stands for: `keep` says which units survive, if they can. */
  complete(disk: UndecidedDisk, keep: (unit: Unit) => boolean): UndecidedDisk {
    const all = disk.fates.flatMap(({ states }, layer) => [...states.keys()].map((unit) => [layer, unit] as const));
    return new UndecidedDisk(this, decideEach(disk.fates, all, keep), disk.met, undefined);
  }

  /** Name by name, so that what is behind the answer stays undecided. */
  #splitByNext(
    disk: UndecidedDisk,
    of: number,
    after: string,
    add: (answer: Answer, disk: UndecidedDisk) => void,
  ): void {
    let left = [disk];
    for (const name of this.#namesBehind(disk, of, after)) {
      const absent: UndecidedDisk[] = [];
      const units = this.#touching({ kind: "name", of, name });
      for (const each of left) {
        for (const decided of this.#decided(each, units)) {
          const ino = decided.image.inode(decided.met[of] ?? 0)?.names?.get(name);
          if (ino === undefined) absent.push(decided);
          else add(entryAnswer(name, decided.image.inode(ino)?.kind), decided);
        }
      }
      left = absent;
    }
    for (const each of left) add("", each);
  }

  /** Every name that the directory may have behind `after`, in order. */
  #namesBehind(disk: UndecidedDisk, of: number, after: string): string[] {
    const ino = disk.met[of] ?? 0;
    const names = new Set(disk.image.inode(ino)?.names?.keys());
    for (const { moment, states } of disk.fates) {
      moment.units.forEach(({ effects }, unit) => {
        if (states[unit] !== undecided) return;
        for (const effect of effects) if (isName(effect) && effect.directory === ino) names.add(effect.name);
      });
    }
    return [...names].filter((name) => name > after).sort();
  }

  #touching(question: Question): Touching {
    const key = questionKey(question);
    const known = this.#touchings.get(key) ?? new Touching(this.layers, question);
    this.#touchings.set(key, known);
    return known;
  }

  /** The disks this one splits into when everything that touches a question is decided. */
  *#decided(disk: UndecidedDisk, units: Touching): Generator<UndecidedDisk> {
    const open = units.openOn(disk);
    if (open.length === 0) yield disk;
    else for (const fates of decideAll(disk.fates, open, 0)) yield new UndecidedDisk(this, fates, disk.met, undefined);
  }
}

/** Which units touch one question, looked up once for each moment and inode. */
class Touching {
  readonly #layers: readonly UndecidedLayer[];
  readonly #question: Question;
  readonly #known = new Map<Moment, Map<number, readonly number[]>>();

  constructor(layers: readonly UndecidedLayer[], question: Question) {
    this.#layers = layers;
    this.#question = question;
  }

  openOn({ fates, met }: UndecidedDisk): (readonly [layer: number, unit: number])[] {
    const ino = met[this.#question.of] ?? 0;
    const open: (readonly [layer: number, unit: number])[] = [];
    fates.forEach(({ moment, states }, layer) => {
      for (const unit of this.#of(moment, ino, layer)) if (states[unit] === undecided) open.push([layer, unit]);
    });
    return open;
  }

  #of(moment: Moment, ino: number, layer: number): readonly number[] {
    const byIno = this.#known.get(moment) ?? new Map<number, readonly number[]>();
    this.#known.set(moment, byIno);
    const known = byIno.get(ino);
    if (known !== undefined) return known;
    const { personality } = this.#layers[layer] as UndecidedLayer; // one for each fate
    const units = touching(moment, this.#question, ino, personality);
    byIno.set(ino, units);
    return units;
  }
}

/** Raised when a question splits into more disks than were allowed. */
export class TooManyDisks extends Error {
  /** How many were allowed. */
  readonly limit: number;

  constructor(limit: number) {
    super(`one answer of the disk depends on more than ${limit} combinations of what survives`);
    this.limit = limit;
  }
}

function decideEach(
  fates: readonly Fate[],
  places: readonly (readonly [layer: number, unit: number])[],
  keep: (unit: Unit) => boolean,
): readonly Fate[] {
  let decided = fates;
  for (const [layer, unit] of places) {
    const fate = decided[layer] as Fate; // one for each layer
    if (fate.states[unit] !== undecided) continue;
    const next = fate.decide(unit, keep(fate.moment.units[unit] as Unit) ? kept : lost);
    decided = decided.map((other, index) => (index === layer ? next : other));
  }
  return decided;
}

function* decideAll(
  fates: readonly Fate[],
  open: readonly (readonly [layer: number, unit: number])[],
  from: number,
): Generator<readonly Fate[]> {
  let at = from;
  while (at < open.length && isSettled(fates, open[at])) at += 1;
  const next = open[at];
  if (next === undefined) {
    yield fates;
    return;
  }
  const [layer, unit] = next;
  for (const choice of [lost, kept] as const) {
    yield* decideAll(
      fates.map((fate, index) => (index === layer ? fate.decide(unit, choice) : fate)),
      open,
      at + 1,
    );
  }
}

function isSettled(fates: readonly Fate[], place: readonly [layer: number, unit: number] | undefined): boolean {
  return place !== undefined && fates[place[0]]?.states[place[1]] !== undecided;
}

/** A fate of a run, split so that something of the run survives in each: settled already, or the first unit kept. */
function withSomething(fate: Fate): Fate[] {
  const { moment } = fate;
  const pending = new Set(moment.units.flatMap(({ effects }) => effects.map(({ seq }) => seq))).size;
  if (moment.effects > pending) return [fate];
  const split: Fate[] = [];
  let rest = fate;
  for (let unit = 0; unit < moment.units.length; unit += 1) {
    if (rest.states[unit] === lost) continue; // needs one that comes before it
    split.push(rest.decide(unit, kept));
    rest = rest.decide(unit, lost);
  }
  return split;
}

/** Leaves out disks that are decided and equal to an earlier one, holes and all: what a recovery logs depends on them. */
function distinct(disks: readonly UndecidedDisk[]): UndecidedDisk[] {
  const seen = new Set<number>();
  return disks.filter((disk) => {
    if (!disk.isDecided) return true;
    const hash = imageHash(disk.image, "counted");
    return !seen.has(hash) && seen.add(hash);
  });
}
