export type LitmusErrorCode =
  | "LITMUS_USAGE"
  | "LITMUS_NOT_JSON"
  | "LITMUS_BAD_DATA"
  | "LITMUS_UNREADABLE"
  | "LITMUS_NOTHING_CHECKED";

/** A recorded set that cannot be read, or a wrong call. `file` names the set, `place` the field in it. */
export class LitmusError extends Error {
  override readonly name: string = "LitmusError";
  readonly code: LitmusErrorCode;
  readonly file: string | undefined;
  readonly place: string | undefined;

  constructor(code: LitmusErrorCode, message: string, where: { file?: string; place?: string } = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = where.file;
    this.place = where.place;
  }
}
