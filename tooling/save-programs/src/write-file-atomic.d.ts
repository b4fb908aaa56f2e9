/** What is used of a package that brings no types. */
declare module "write-file-atomic" {
  const writeFileAtomic: (path: string, data: string) => Promise<void>;
  export = writeFileAtomic;
}
