// The choice of an affiliate: its id, or a part of its name, which is looked up.
import type { ReactNode } from 'react';
import { isId } from '../../format/places.ts';
import { TextField } from '../../parts/form.tsx';
import { api } from '../../wire/client.ts';

const OFFERED = 20;

type PickProps = {
  label?: string;
  value: string;
  onChange: (id: string) => void;
  /** Said while no affiliate is chosen. */
  help?: ReactNode;
  /** Closed and suspended ones too. */
  anyState?: boolean;
};

/** Gives the id of an affiliate once one is chosen, and the text that was typed until then. */
export function AffiliateField({ label = 'Affiliate', value, onChange, help, anyState }: PickProps) {
  const isChosen = isId(value);
  const found = api.useQuery(
    'get',
    '/v1/affiliates',
    {
      params: {
        query: { limit: OFFERED, ...(value && { q: value }), ...(!anyState && { state: 'active' }) },
      },
    },
    { enabled: !isChosen, placeholderData: (before: unknown) => before as never },
  );
  const chosen = api.useQuery(
    'get',
    '/v1/affiliates/{id}',
    { params: { path: { id: value } } },
    { enabled: isChosen },
  );
  return (
    <TextField
      label={label}
      value={value}
      onChange={onChange}
      hint="a part of its name"
      offers={(found.data?.data ?? []).map(({ id, name }) => [id, name] as const)}
      isWrong={chosen.isError}
      help={
        chosen.data?.name ??
        (chosen.isError ? 'There is no such affiliate.' : (help ?? 'Type a part of the name, and choose.'))
      }
    />
  );
}
