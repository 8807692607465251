// Tests of the form of comments: heads of files and the width of comment lines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, readSource } from '../support/sources.ts';

const COMMENT_COLUMNS = 100;
const COMMENT_LINE = /^\s*(\/\/|\/\*\*|\*)/;
/** Words that begin a riddle instead of the name of a subject. */
const RIDDLE = /^\/\/ (What|Whose|Who|Whoever|Whatever|It|Those|Somebody)\b/;

const files = filesBelow('');

test('every source file begins with a comment that names its job', () => {
  const unnamed = files.filter((file) => {
    const text = readSource(file);
    return !text.startsWith('// ') || RIDDLE.test(text);
  });
  assert.deepEqual(unnamed, []);
});

test('no comment line is wider than 100 columns', () => {
  const wide = files.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, index) =>
        COMMENT_LINE.test(line) && line.length > COMMENT_COLUMNS ? [`${file}:${index + 1}`] : [],
      ),
  );
  assert.deepEqual(wide, []);
});
