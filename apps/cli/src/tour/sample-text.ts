/** What the tour saves when it is given no file: four sectors of 512 bytes, one byte a character. */
export const sampleText: string = `Notes on keeping things

A program that saves a document makes a promise. The window closes, the title loses its asterisk, and the
person in front of it believes that the work is kept. What the program knows is less: the bytes were handed
to the operating system, which holds them in memory and will bring them to the disk when it suits.

Until then nothing is kept. The system may write the name of a file before its bytes, the length before the
bytes, the last page before the first. As long as the power stays on nobody can see this, because every
program is shown the memory and not the disk. When the power fails, the order in which things happened to
be written is all that remains, and a document may come back empty, or full of zeros, or half new.

There is a call that waits: fsync. It returns when the bytes of one file are on the disk. It says nothing
about the name of the file, which belongs to the directory, and the directory has to be synced by itself. So a
careful save is five steps: write a temporary file beside the document, sync it, close it, rename it over the
document, sync the directory. Leave out the second, and the new name may come to stand over bytes that never
arrived. Leave out the fifth, and the program reports a save that the next morning has not heard of.

The steps are few and the mistakes are quiet. A test that writes and reads back passes with every one of
them, because it never turns the power off. Killing the process does not help either: the system outlives
the process, and what was written stays written. What helps is to list every disk that a power failure may
leave behind, to start the program on each of them, and to look whether the promise was kept.

That is what the next few seconds are about. This document is saved twice, once in three steps and once in
five, and then the power fails at every moment of both.
`;
