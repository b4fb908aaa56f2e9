/**
 * Codes of the errors that tell about the facade itself. Whatever Node would report of a file carries Node's own code.
 */
export const nodeFsErrorCodes = [
  "NODE_FS_UNSUPPORTED",
  "NODE_FS_NAME_REFUSED",
  "NODE_FS_INVALID_OPTION",
  "NODE_FS_ALREADY_PATCHED",
] as const;

/** One of {@link nodeFsErrorCodes}. Codes change only in a major version. */
export type NodeFsErrorCode = (typeof nodeFsErrorCodes)[number];

/** What the facade cannot do, or was asked wrongly; never what a disk did. */
export class NodeFsError extends Error {
  override readonly name: string = "NodeFsError";
  /** What was refused; stable. */
  readonly code: NodeFsErrorCode;
  /** The function of Node, or the option, that it is about: `symlinkSync`, `promises.watch`, `root`. */
  readonly subject: string;

  constructor(code: NodeFsErrorCode, subject: string, why: string, options?: ErrorOptions) {
    super(`${subject}: ${why}`, options);
    this.code = code;
    this.subject = subject;
  }
}

/** The refusal of a function that the facade does not have. */
export function unsupported(subject: string, why = "is not offered on a simulated file system"): NodeFsError {
  return new NodeFsError("NODE_FS_UNSUPPORTED", subject, why);
}

const refusals = new WeakSet<object>();

/** Marks a function that does nothing but refuse. */
export function asRefusal<T extends object>(call: T): T {
  refusals.add(call);
  return call;
}

/** True for a function that the facade has only to refuse it. */
export function isRefusal(value: unknown): boolean {
  return typeof value === "function" && refusals.has(value);
}
