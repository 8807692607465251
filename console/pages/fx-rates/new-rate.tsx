// A new exchange rate, or a correction of one: the same pair and time again.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField, TimeField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { Wanted } from './wanted.ts';

export function NewRate({ given, onClose }: { given: Partial<Wanted>; onClose: () => void }) {
  const [base, setBase] = useState(given.base ?? '');
  const [quote, setQuote] = useState(given.quote ?? '');
  const [rate, setRate] = useState('');
  const [from, setFrom] = useState(given.day ? `${given.day}T00:00:00Z` : '');
  const [source, setSource] = useState('');
  const pair = `${base.trim().toUpperCase()} → ${quote.trim().toUpperCase()}`;
  const run = async () => {
    await client.POST('/v1/fx-rates', {
      body: {
        base: base.trim(),
        quote: quote.trim(),
        rate: rate.trim(),
        source: source.trim(),
        ...(from && { as_of: from }),
      },
    });
    await refresh();
    toast(`${pair} is entered. What waited for it is settled.`);
  };
  return (
    <Confirm
      title="New exchange rate"
      confirm="Enter 1 rate"
      isReady={[base, quote, rate, source].every((text) => text.trim() !== '')}
      run={run}
      onClose={onClose}
    >
      <TextField
        label="Base currency"
        value={base}
        onChange={setBase}
        hint="GBP"
        help="The currency of the event."
      />
      <TextField
        label="Quote currency"
        value={quote}
        onChange={setQuote}
        hint="USD"
        help="The currency of the deal."
      />
      <TextField
        label="Rate"
        value={rate}
        onChange={setRate}
        hint="1.2710"
        help="How much of the quote currency one unit of the base currency is."
      />
      <TimeField
        label="From"
        value={from}
        onChange={setFrom}
        help="Empty: now. It holds for 31 days, or until a later one begins."
      />
      <TextField
        label="Source"
        value={source}
        onChange={setSource}
        hint="our bank"
        help="Shown with the rate."
      />
      <p className="small muted">
        A rate of the same pair and time replaces the former one. What that one converted is rated again, and
        affiliates hear of the difference.
      </p>
    </Confirm>
  );
}
