/**
 * `ORDERS_CLOSED`: the service was closed; open it again. `ORDERS_VIEW_STOPPED`: the read model does not follow any more, and `cause` says
 * why; commands go on, and opening the service again is right once that is mended. `ORDERS_UNREADABLE_EVENT`: an event that this program
 * cannot read, of a later version or with its payload gone; upgrade, or decide what becomes of such events.
 * `ORDERS_FOREIGN_DIRECTORY`: the directory has something that is not of an order service, and nothing was written; give it another.
 */
export type OrderServiceErrorCode =
  | "ORDERS_CLOSED"
  | "ORDERS_VIEW_STOPPED"
  | "ORDERS_UNREADABLE_EVENT"
  | "ORDERS_FOREIGN_DIRECTORY";

export class OrderServiceError extends Error {
  override readonly name: string = "OrderServiceError";
  readonly code: OrderServiceErrorCode;

  constructor(code: OrderServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
