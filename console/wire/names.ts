// Names of affiliates by their ids: what a screen asks for together is read in one request.
import { useQuery } from '@tanstack/react-query';
import { client } from './client.ts';

/** Ids of a request, as many as the API takes. */
const IDS_AT_MOST = 200;
const KNOWN_MS = 300_000;

type Names = ReadonlyMap<string, string>;
type Batch = { ids: Set<string>; names: Promise<Names> };

let open: Batch | null = null;

function nameOf(id: string): Promise<string | null> {
  if (open === null || open.ids.size === IDS_AT_MOST) open = begin();
  open.ids.add(id);
  return open.names.then((names) => names.get(id) ?? null);
}

function begin(): Batch {
  const ids = new Set<string>();
  const batch: Batch = {
    ids,
    names: new Promise((resolve) => setTimeout(resolve)).then(() => {
      if (open === batch) open = null;
      return read([...ids]);
    }),
  };
  return batch;
}

async function read(ids: readonly string[]): Promise<Names> {
  const query = { ids: ids.join(','), limit: IDS_AT_MOST };
  const { data } = await client.GET('/v1/affiliates', { params: { query } });
  return new Map(data!.data.map(({ id, name }) => [id, name]));
}

/** Undefined until it is known; null where there is no such affiliate. */
export function useAffiliateName(id: string, isWanted: boolean): string | null | undefined {
  const query = { queryKey: ['affiliate name', id], queryFn: () => nameOf(id), staleTime: KNOWN_MS };
  return useQuery({ ...query, enabled: isWanted }).data;
}
