/**
 * Entry `@holdfast/store/maintenance`: retention and backups of a store that is open and goes on.
 * @packageDocumentation
 */
export { backup } from "./backup.js";
export type { BackupFile, BackupOptions, BackupProgress, BackupReport } from "./backup.js";
export { verifyBackup } from "./backup-verification.js";
export type { BackupFinding, BackupVerdict, VerifyBackupOptions } from "./backup-verification.js";
export { compact } from "./compaction.js";
export type { CompactOptions, CompactProgress, CompactReport } from "./compaction.js";
export type { RetentionRow } from "./retention-row.js";
