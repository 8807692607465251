// The vocabulary as a whole: what fields mean by their names.
import { everywhere } from './everywhere.ts';
import { events } from './events.ts';
import { money } from './money.ts';
import { postbacks } from './postbacks.ts';
import { setup } from './setup.ts';
import type { Vocabulary } from './vocabulary.ts';

const PARTS = [everywhere, events, money, postbacks, setup];

/** Every entry; a test sees that no two parts have the same. */
export const VOCABULARY: Vocabulary = Object.assign({}, ...PARTS) as Vocabulary;

export const SIZE_OF_PARTS = PARTS.reduce((sum, part) => sum + Object.keys(part).length, 0);
