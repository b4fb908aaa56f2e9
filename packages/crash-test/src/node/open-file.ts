import type { FileHandle } from "@holdfast/fs-seam";
import type { Attributes } from "./attribute-table.js";
import type { OpenFlags } from "./open-flags.js";
import { systemError } from "./system-error.js";

/**
 * Descriptors begin where no kernel gives them out, so that those of the simulation and those of the process can be told
 * apart wherever both are in use: 0, 1 and 2 included.
 */
const firstDescriptor = 2 ** 30;
let issued = 0;

/** True for a number that some facade of this process has given out. */
export function isVirtualDescriptor(fd: unknown): boolean {
  return typeof fd === "number" && fd >= firstDescriptor && fd < firstDescriptor + issued;
}

/** An open file description: what several calls with one descriptor share. */
export interface OpenFile {
  readonly fd: number;
  /** Path as the program wrote it. */
  readonly shown: string;
  readonly flags: OpenFlags;
  /** Undefined for a directory. */
  readonly handle: FileHandle | undefined;
  readonly attributes: Attributes;
  /** Where the next read or write without a position happens. */
  position: number;
  /** Told when the descriptor is closed, whoever closes it. */
  onClose: (() => void) | undefined;
}

/** The descriptors of one facade. */
export class DescriptorTable {
  readonly #open = new Map<number, OpenFile>();

  add(file: Omit<OpenFile, "fd" | "position" | "onClose">): OpenFile {
    const opened: OpenFile = { ...file, fd: firstDescriptor + issued, position: 0, onClose: undefined };
    issued += 1;
    this.#open.set(opened.fd, opened);
    return opened;
  }

  /** @throws `EBADF` */
  get(fd: number, syscall: string): OpenFile {
    const file = this.#open.get(fd);
    if (file === undefined) throw systemError("EBADF", { syscall });
    return file;
  }

  has(fd: number): boolean {
    return this.#open.has(fd);
  }

  remove(file: OpenFile): void {
    this.#open.delete(file.fd);
  }
}
