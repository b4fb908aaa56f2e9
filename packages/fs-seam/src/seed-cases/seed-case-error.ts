/** Why a file of recorded cases cannot be run at all. A difference between two outcomes is no error but a result. */
export type SeedCaseErrorCode =
  /** The command line makes no sense. */
  | "SEED_CASES_USAGE"
  /** The file or directory cannot be read, or holds nothing to run. */
  | "SEED_CASES_UNREADABLE"
  | "SEED_CASES_NOT_JSON"
  /** JSON, but not of a kind this runner knows. */
  | "SEED_CASES_UNKNOWN_FORMAT"
  /** A kind it knows, in a version it does not. */
  | "SEED_CASES_UNSUPPORTED_VERSION"
  /** The right kind and version, but a case is not shaped as they say. */
  | "SEED_CASES_BAD_SHAPE";

export class SeedCaseError extends Error {
  override readonly name: string = "SeedCaseError";
  readonly code: SeedCaseErrorCode;
  /** File the error is about, when there is one. */
  readonly file: string | undefined;

  constructor(code: SeedCaseErrorCode, message: string, file?: string, options?: ErrorOptions) {
    super(file === undefined ? message : `${file}: ${message}`, options);
    this.code = code;
    this.file = file;
  }
}
