import { WalError } from "../src/index.js";

/** How a test carries out one step of a program on a disk that fails. */
export type Attempt = <T>(step: () => T | Promise<T>) => Promise<T>;

export const once: Attempt = async (step) => step();

/** Again as long as the disk is full, a few times. */
export const again: Attempt = async (step) => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      const isFull = error instanceof WalError && error.code === "WAL_NO_SPACE";
      if (!isFull || tries > 2) throw error;
    }
  }
};
