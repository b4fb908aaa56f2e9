import type { Region } from "./regions.js";

/** What an inspection came to, as an exit code. */
export class Finding {
  #damaged = false;
  #unreadable = false;

  /** @param named - the region is of the file that the command was given, and not of one below a directory. */
  note(kind: Region["kind"], named: boolean): void {
    if (kind === "unreadable") this.#unreadable = true;
    // Of a file that was named, "not one of ours" is no good news: its beginning may be gone.
    else if (kind === "torn" || kind === "corrupt" || (kind === "foreign" && named)) this.#damaged = true;
  }

  /** 2 when something could not be read, so that nothing is said about it; else 1 when something is not sound. */
  get exitCode(): 0 | 1 | 2 {
    if (this.#unreadable) return 2;
    return this.#damaged ? 1 : 0;
  }
}
