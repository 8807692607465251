// `npm run db:migrate` brings the database to the current schema; `npm run db:checksum` records a new migration.
import { loadDatabaseUrl } from '../config.ts';
import { migrate, recordChecksums } from './migrate.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (process.argv[2] === 'checksum') {
  const added = await recordChecksums();
  print(added.length > 0 ? `recorded ${added.join(', ')}` : 'nothing new to record');
} else {
  const applied = await migrate(loadDatabaseUrl(), print);
  print(applied.length > 0 ? 'the schema is current' : 'the schema was current already');
}
