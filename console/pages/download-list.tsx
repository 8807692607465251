// A button that saves a list of the API as CSV, by its filters.
import { Download } from '../parts/download.tsx';
import { download, pathWith } from '../wire/download.ts';

type Props = {
  path: string;
  query: Parameters<typeof pathWith>[1];
  /** Of the file: by default that of the list. */
  name?: string;
};

export function DownloadList({ path, query, name = path.slice(path.lastIndexOf('/') + 1) }: Props) {
  const file = { path: pathWith(path, query), accept: 'text/csv', name: `${name}.csv` } as const;
  return <Download label="CSV" run={() => download(file)} />;
}
