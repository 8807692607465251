// Commands of the database:
// `npm run db:migrate` migrates to the current schema,
// `npm run db:checksum` records the checksum of a new migration,
// `npm run db:reseal` encrypts every secret with the first key of SECRETS_KEY.
import { loadDatabaseUrl, loadSealing } from '../config.ts';
import { migrate, recordChecksums } from './db/migrate.ts';
import { createPool } from './db/pool.ts';
import { resealSecrets } from './reseal.ts';
import { createSecretBox } from './db/secret-box.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

switch (process.argv[2]) {
  case 'checksum': {
    const added = await recordChecksums();
    print(added.length > 0 ? `recorded ${added.join(', ')}` : 'nothing new to record');
    break;
  }
  case 'reseal': {
    const { databaseUrl, secretsKeys } = loadSealing();
    const pool = createPool(databaseUrl, { max: 1, applicationName: 'postrider-reseal' });
    const { current, resealed, unopened } = await resealSecrets(pool, createSecretBox(secretsKeys), print);
    await pool.end();
    print(
      `${resealed} secrets sealed anew with key "${secretsKeys[0]!.id}", ` +
        `${current} were already, ${unopened} cannot be opened`,
    );
    process.exitCode = unopened > 0 ? 1 : 0;
    break;
  }
  case undefined: {
    const applied = await migrate(loadDatabaseUrl(), print);
    print(applied.length > 0 ? 'the schema is current' : 'the schema was current already');
    break;
  }
  default:
    process.stderr.write(
      `there is no command "${process.argv[2]}": use checksum, reseal, or none to migrate\n`,
    );
    process.exitCode = 1;
}
