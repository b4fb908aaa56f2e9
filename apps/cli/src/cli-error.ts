/** Every code a {@link CliError} may carry. The README says what to do about each. */
export const cliErrorCodes = [
  "CLI_USAGE",
  "CLI_FILE_NOT_FOUND",
  "CLI_FILE_UNREADABLE",
  "CLI_FILE_NOT_REGULAR",
  "CLI_FILE_TOO_LARGE",
  "CLI_NO_WORK_DIRECTORY",
  "CLI_MODULE_UNFIT",
  "CLI_FILE_UNWRITABLE",
  "CLI_NOT_A_LOG",
  "CLI_NOT_A_STORE",
  "CLI_OUTPUT_EXISTS",
  "CLI_UNEXPECTED",
] as const;

export type CliErrorCode = (typeof cliErrorCodes)[number];

/** The command cannot start: wrong arguments, or a file or directory it was given does not serve. Exit code 2. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "";
}
