import { LitmusError } from "./litmus-error.js";

/**
 * A recorded set: programs of file operations, and the trees that real file systems were seen to leave after a power loss
 * at each point. The vocabulary is explained in the `about` field of every set.
 */

/** One operation: its name in `op`, its arguments beside it. */
export type LitmusOp = Readonly<Record<string, string | number | boolean>> & { readonly op: string };

/** What a tree holds at one path. */
export type LitmusEntry =
  | { readonly type: "dir" }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "file"; readonly link: string }
  | { readonly type: "file"; readonly size: number; readonly content: readonly (readonly [string, number])[] };

/** A tree that was seen: path to entry. */
export type LitmusState = ReadonlyMap<string, LitmusEntry>;

/** A state, and the numbers of completed operations at which it was seen. */
export interface Observation {
  readonly state: LitmusState;
  /** Index of the state in its set; for messages. */
  readonly number: number;
  /** Seen with nothing but the program running. */
  readonly quiet: readonly number[];
  /** Seen only when a commit or write-back of the background was injected. */
  readonly background: readonly number[];
}

export interface LitmusProgram {
  readonly id: string;
  readonly title: string;
  readonly setup: readonly LitmusOp[];
  /** Whether everything was made durable between the setup and the program. */
  readonly finalSync: boolean;
  readonly ops: readonly LitmusOp[];
  /** By name of the file system. */
  readonly observed: ReadonlyMap<string, readonly Observation[]>;
}

export interface LitmusSet {
  readonly file: string;
  readonly kernel: string;
  readonly programs: readonly LitmusProgram[];
}

const format = "litmus-gold/1";

type Fields = Readonly<Record<string, unknown>>;

/** Reads one set. Throws {@link LitmusError} naming the field that cannot be. */
export function parseLitmusSet(text: string, file: string): LitmusSet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LitmusError("LITMUS_NOT_JSON", `${file}: not JSON`, { file }, cause);
  }
  return new Reader(file).set(value);
}

/** Walks a parsed set, and names the place when something is not what it must be. */
class Reader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  #refuse(place: string, why: string): never {
    throw new LitmusError("LITMUS_BAD_DATA", `${this.#file}: ${place} ${why}`, { file: this.#file, place });
  }

  #fields(value: unknown, place: string): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.#refuse(place, "must be an object");
    return value as Fields; // an object, just checked
  }

  #list(value: unknown, place: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.#refuse(place, "must be a list");
  }

  #string(value: unknown, place: string): string {
    return typeof value === "string" ? value : this.#refuse(place, "must be a string");
  }

  #count(value: unknown, place: string): number {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#refuse(place, "must be a whole number from 0 on");
  }

  set(value: unknown): LitmusSet {
    const fields = this.#fields(value, "the set");
    if (fields["format"] !== format) this.#refuse("format", `must be ${JSON.stringify(format)}`);
    const setups = this.#list(fields["setups"], "setups").map((ops, at) => this.#ops(ops, `setups[${at}]`));
    const entries = this.#list(fields["entries"], "entries").map((entry, at) => this.#entry(entry, `entries[${at}]`));
    const states = this.#list(fields["states"], "states").map((state, at) => this.#state(state, entries, at));
    const programs = this.#list(fields["programs"], "programs").map((program, at) =>
      this.#program(program, setups, states, `programs[${at}]`),
    );
    if (programs.length === 0) this.#refuse("programs", "must not be empty");
    const twice = programs.find(({ id }, at) => programs.findIndex((other) => other.id === id) < at);
    if (twice !== undefined) this.#refuse("programs", `has two of the id ${twice.id}`);
    return { file: this.#file, kernel: this.#string(fields["kernel"], "kernel"), programs };
  }

  #ops(value: unknown, place: string): LitmusOp[] {
    return this.#list(value, place).map((op, at) => {
      const fields = this.#fields(op, `${place}[${at}]`);
      this.#string(fields["op"], `${place}[${at}].op`);
      for (const [key, argument] of Object.entries(fields)) {
        if (!["string", "number", "boolean"].includes(typeof argument)) {
          this.#refuse(`${place}[${at}].${key}`, "must be a string, a number or a boolean");
        }
      }
      return fields as LitmusOp; // every field has been checked
    });
  }

  #entry(value: unknown, place: string): LitmusEntry {
    const fields = this.#fields(value, place);
    switch (fields["type"]) {
      case "dir":
        return { type: "dir" };
      case "symlink":
        return { type: "symlink", target: this.#string(fields["target"], `${place}.target`) };
      case "file":
        if (fields["link"] !== undefined) {
          return { type: "file", link: this.#string(fields["link"], `${place}.link`) };
        }
        return this.#fileEntry(fields, place);
      default:
        return this.#refuse(`${place}.type`, "must be dir, symlink or file");
    }
  }

  #fileEntry(fields: Fields, place: string): LitmusEntry {
    const size = this.#count(fields["size"], `${place}.size`);
    let length = 0;
    const content = this.#list(fields["content"], `${place}.content`).map((run, at): [string, number] => {
      const [char, count] = this.#list(run, `${place}.content[${at}]`);
      const bytes = this.#count(count, `${place}.content[${at}][1]`);
      const text = this.#string(char, `${place}.content[${at}][0]`);
      if (text.length !== 1 || text > "\x7f") this.#refuse(`${place}.content[${at}][0]`, "must be one ASCII character");
      length += bytes;
      return [text, bytes];
    });
    if (length !== size) this.#refuse(place, `has runs of ${length} bytes and a size of ${size}`);
    if (size > maxFileBytes) this.#refuse(`${place}.size`, `must be at most ${maxFileBytes}`);
    return { type: "file", size, content };
  }

  #state(value: unknown, entries: readonly LitmusEntry[], at: number): LitmusState {
    const state = new Map<string, LitmusEntry>();
    for (const [path, index] of Object.entries(this.#fields(value, `states[${at}]`))) {
      const entry = entries[this.#count(index, `states[${at}].${path}`)];
      state.set(path, entry ?? this.#refuse(`states[${at}].${path}`, "names no entry"));
    }
    return state;
  }

  #program(
    value: unknown,
    setups: readonly (readonly LitmusOp[])[],
    states: readonly LitmusState[],
    place: string,
  ): LitmusProgram {
    const fields = this.#fields(value, place);
    const setup = setups[this.#count(fields["setup"], `${place}.setup`)];
    const results = Object.entries(this.#fields(fields["results"], `${place}.results`));
    const ops = this.#ops(fields["ops"], `${place}.ops`);
    return {
      id: this.#string(fields["id"], `${place}.id`),
      title: fields["title"] === undefined ? "" : this.#string(fields["title"], `${place}.title`),
      setup: setup ?? this.#refuse(`${place}.setup`, "names no setup"),
      finalSync: fields["finalSync"] !== false,
      ops,
      observed: new Map(
        results.map(([fs, result]) => {
          const found = this.#fields(result, `${place}.results.${fs}`)["states"];
          return [fs, this.#observations(found, states, ops.length, `${place}.results.${fs}.states`)];
        }),
      ),
    };
  }

  #observations(value: unknown, states: readonly LitmusState[], ops: number, place: string): Observation[] {
    return this.#list(value, place).map((row, at) => {
      const [index, quiet, background] = this.#list(row, `${place}[${at}]`);
      const number = this.#count(index, `${place}[${at}][0]`);
      return {
        state: states[number] ?? this.#refuse(`${place}[${at}][0]`, "names no state"),
        number,
        quiet: this.#moments(quiet, ops, `${place}[${at}][1]`),
        background: this.#moments(background, ops, `${place}[${at}][2]`),
      };
    });
  }

  #moments(value: unknown, ops: number, place: string): number[] {
    return this.#list(value, place).map((moment) => {
      const count = this.#count(moment, place);
      return count <= ops ? count : this.#refuse(place, `counts ${count} operations of ${ops}`);
    });
  }
}

/** No recorded file is larger; what is would be a mistake, and cost memory. */
export const maxFileBytes: number = 1 << 24;
