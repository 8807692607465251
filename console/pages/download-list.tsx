// A button that saves a list of the API as CSV, by its filters.
import { Download } from '../parts/download.tsx';
import { download, pathWith } from '../wire/download.ts';

/** The file is named after the list. */
export function DownloadList({ path, query }: { path: string; query: Parameters<typeof pathWith>[1] }) {
  const name = `${path.slice(path.lastIndexOf('/') + 1)}.csv`;
  const file = { path: pathWith(path, query), accept: 'text/csv', name } as const;
  return <Download label="CSV" run={() => download(file)} />;
}
