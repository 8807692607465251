// The compose file agrees with what runs and is measured without containers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TUNING } from '../../local/postgres.ts';
import { postgresSettingsOf } from './compose.ts';

test('PostgreSQL of docker-compose.yml is tuned as the embedded one is', () => {
  const settings = postgresSettingsOf('postgres');
  const names = Object.keys(TUNING);
  assert.deepEqual(Object.fromEntries(names.map((name) => [name, settings[name]])), TUNING);
});

test('no setting of docker-compose.yml lets PostgreSQL answer before a commit is on the disk', () => {
  const {
    fsync = 'on',
    synchronous_commit: commit = 'on',
    full_page_writes: pages = 'on',
  } = postgresSettingsOf('postgres');
  assert.deepEqual({ fsync, commit, pages }, { fsync: 'on', commit: 'on', pages: 'on' });
});
