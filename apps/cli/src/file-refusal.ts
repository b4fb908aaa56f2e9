import { CliError, messageOf, type CliErrorCode } from "./cli-error.js";

/** The error about a file that cannot be used, with its path in front. */
export function fileRefusal(code: CliErrorCode, path: string, why: string, cause?: unknown): CliError {
  return new CliError(code, `${path} ${why}`, { cause });
}

/** What the system's refusal to open, read or list `path` means. */
export function explainFileError(error: unknown, path: string): CliError {
  const errno = (error as NodeJS.ErrnoException).code;
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR":
      return fileRefusal("CLI_FILE_NOT_FOUND", path, "does not exist", error);
    case "EISDIR":
      return fileRefusal("CLI_FILE_NOT_REGULAR", path, "is not a regular file", error);
    default:
      return fileRefusal("CLI_FILE_UNREADABLE", path, `cannot be read (${errno ?? messageOf(error)})`, error);
  }
}
