// Columns of a report: what a row is about, and its figures.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { plain } from '../../format/words.ts';
import { formatCount } from '../../format/money.ts';
import type { Column } from '../../parts/table.tsx';
import { Id, Sums } from '../../parts/values.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { AMOUNTS, COUNTS, type Group, type Row } from './report-types.ts';

const FIGURES: readonly Column<Row>[] = [
  ...COUNTS.map(([name, title]): Column<Row> => ({
    title,
    end: true,
    cell: (row) => formatCount(row[name]),
  })),
  ...AMOUNTS.map(([name, title]): Column<Row> => ({
    title,
    end: true,
    cell: ({ money }) => <Sums of={money.map(({ currency, [name]: amount }) => ({ currency, amount }))} />,
  })),
];

/** `linkTo`: the address of a report with these filters more. */
export function columnsOf(
  group: Group,
  linkTo: (filters: Readonly<Record<string, string>>) => string,
): readonly Column<Row>[] {
  switch (group) {
    case 'day':
      return [{ title: 'Day', cell: ({ day }) => <span className="nowrap">{day}</span> }, ...FIGURES];
    case 'type':
      return [
        {
          title: 'Type of event',
          cell: ({ event }) =>
            event === null ? (
              <span className="muted">clicks, and what no event caused</span>
            ) : (
              <Days href={linkTo({ event })}>{plain(event)}</Days>
            ),
        },
        ...FIGURES,
      ];
    case 'affiliate':
      return [
        {
          title: 'Affiliate',
          cell: ({ affiliate_id: id, affiliate_name: name }) => (
            <Days href={linkTo({ affiliate_id: id! })}>
              <AffiliateLink id={id!} name={name} />
            </Days>
          ),
        },
        ...FIGURES,
      ];
    case 'link':
      return [
        {
          title: 'Link',
          cell: ({ link_id: id }) => (
            <Days href={linkTo({ link_id: id! })}>
              <Id id={id!} />
            </Days>
          ),
        },
        { title: 'Affiliate', cell: ({ affiliate_id: id }) => <AffiliateLink id={id!} /> },
        ...FIGURES,
      ];
  }
}

/** What a row is about, and the way to its report by day. */
function Days({ href, children }: { href: string; children: ReactNode }) {
  return (
    <>
      {children}
      <div className="small">
        <Link href={href}>by day</Link>
      </div>
    </>
  );
}

export function keyOf({ day, event, affiliate_id: affiliate, link_id: link }: Row): string {
  return [day, event, affiliate, link].join(' ');
}
