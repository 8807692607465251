// Files of the API, saved by the browser. A list that the API answers in parts becomes one file.
import { fetchAsOwn } from './client.ts';

type File = {
  /** With its query. */
  path: string;
  accept: 'text/csv' | 'application/xml';
  name: string;
};

/** Throws an `ApiError` where the API refuses it. */
export async function download({ path, accept, name }: File): Promise<void> {
  const parts: string[] = [];
  for (let next: string | null = path; next !== null;) {
    const response: Response = await fetchAsOwn(next, accept);
    const text = await response.text();
    // Each part begins with the same header row.
    parts.push(parts.length === 0 ? text : text.slice(text.indexOf('\n') + 1));
    next = nextOf(response);
  }
  save(new Blob(parts, { type: accept }), name);
}

/** As RFC 8288 has it: `</v1/…?cursor=…>; rel="next"`. */
function nextOf({ headers }: Response): string | null {
  return /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? null;
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** A path with those of the parameters that are set. */
export function pathWith(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
