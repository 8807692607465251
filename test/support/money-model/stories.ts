// The table of stories: each money rule with the sums that it comes to, worked out by hand.
import { AGREEMENTS } from './stories/agreements.ts';
import { ATTRIBUTION } from './stories/attribution.ts';
import { EXPIRED_CLICKS } from './stories/expired-clicks.ts';
import { LINES } from './stories/lines.ts';
import { MONEY } from './stories/money.ts';
import { MONTHS } from './stories/months.ts';
import { REVERSALS } from './stories/reversals.ts';
import type { Story } from './stories/story.ts';

export const STORIES: readonly Story[] = [
  ...ATTRIBUTION,
  ...EXPIRED_CLICKS,
  ...MONTHS,
  ...LINES,
  ...AGREEMENTS,
  ...REVERSALS,
  ...MONEY,
];
export type { Story } from './stories/story.ts';
