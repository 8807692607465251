// Type of a deliberate defect: where it is put, and which test must fail then.

/**
 * `from` occurs exactly once in the file. A test in the files of `tests` with the text of `sees` in
 * its title must fail.
 */
export type Defect = {
  title: string;
  file: string;
  from: string;
  to: string;
  tests: readonly string[];
  sees: string;
};
