// Columns of every list of statements: what was owed before and after, and the number of lines.
import { formatCount } from '../format/money.ts';
import type { Column } from './table.tsx';
import { Money } from './values.tsx';

type Statement = {
  currency: string;
  opening: { owed: string };
  closing: { owed: string };
  lines_count: number;
};

export const OWED_AND_LINES: readonly Column<Statement>[] = [
  {
    title: 'Owed before',
    end: true,
    cell: ({ opening, currency }) => <Money amount={opening.owed} currency={currency} />,
  },
  {
    title: 'Owed after',
    end: true,
    cell: ({ closing, currency }) => <Money amount={closing.owed} currency={currency} />,
  },
  { title: 'Lines', end: true, cell: ({ lines_count: lines }) => formatCount(lines) },
];
