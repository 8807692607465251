// The evidence of a trace: every candidate for the attribution, and which one decided.
import { plain } from '../../format/words.ts';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Facts, Id, Time } from '../../parts/values.tsx';
import type { Trace } from './trace-types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

type Candidate = Trace['considered'][number];

const COLUMNS: readonly Column<Candidate>[] = [
  { title: 'Evidence', cell: ({ evidence }) => evidence },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
  { title: 'Affiliate', cell: ({ affiliate_id: id }) => (id ? <AffiliateLink id={id} /> : 'unknown') },
  { title: 'Counts since', cell: ({ at }) => <Time at={at} /> },
  {
    title: 'Verdict',
    cell: ({ verdict }) => (
      <Badge tone={verdict === 'decided' ? 'good' : verdict === 'agreed' ? 'info' : 'off'}>
        {plain(verdict)}
      </Badge>
    ),
  },
];

export function Evidence({ trace: { attribution, considered } }: { trace: Trace }) {
  return (
    <div className="stack">
      {attribution && (
        <Facts
          of={[
            ['Affiliate', <AffiliateLink key="affiliate" id={attribution.affiliate_id} />],
            ['Click', attribution.click_id && <Id id={attribution.click_id} />],
            ['Assigned by', attribution.assigned_by],
            ['Assigned', attribution.assigned_at && <Time at={attribution.assigned_at} />],
          ]}
        />
      )}
      <Table
        caption="Evidence"
        columns={COLUMNS}
        rows={considered}
        keyOf={({ evidence, id }) => `${evidence} ${id}`}
        empty={null}
      />
    </div>
  );
}
