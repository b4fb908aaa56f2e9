/**
 * Entry `@holdfast/store/verify`: receipts away from the store that gave them. Imports no store, no log and no file.
 * @packageDocumentation
 */
export type { EventId } from "./event-id.js";
export type { SignedReceipt } from "./receipt-signature.js";
export { verifyReceipt } from "./receipt-verification.js";
export type { ReceiptFault, ReceiptVerdict, SignatureCheck, VerifyReceiptOptions } from "./receipt-verification.js";
