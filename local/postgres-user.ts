// Chooses the user that runs PostgreSQL, which refuses to run as root. A stack started by root uses
// a system user or, where that user may not enter a folder, root under another uid in a user
// namespace.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Identity {
  /** Command that precedes the program and its arguments. */
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

interface Paths {
  /** Programs that must be executable. */
  readonly programs: readonly string[];
  /** Files that must be readable. */
  readonly files: readonly string[];
  /** Data folder of the database; it is created and given to the chosen user. */
  readonly dataDir: string;
}

const USER = 'postgres';
// Uid of root inside the namespace. initdb needs a uid with a name, and `nobody` has a name
// everywhere.
const NOBODY = 65534;

/**
 * Finds a user that can run PostgreSQL here, before anything is started. Throws an Error that names
 * the closed folder when there is none.
 */
export function chooseIdentity(paths: Paths): Identity {
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return { prefix: [] };
  const user = ownerOf(paths.dataDir) ?? systemUser();
  const closed = user && firstClosed(user, paths);
  if (user && !closed) {
    changeOwner(paths.dataDir, user);
    return { prefix: [], ...user };
  }
  const unshare = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  if (spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'true'], { cwd: '/' }).status === 0) {
    changeOwner(paths.dataDir, { uid: 0, gid: 0 });
    return { prefix: unshare };
  }
  const cause =
    user && closed
      ? `the user it would run as (id ${user.uid}) cannot get at ${closed}`
      : `there is no user "${USER}" and none could be made`;
  throw new Error(
    `PostgreSQL refuses to run as root, and ${cause}; user namespaces are not allowed here either.\n` +
      'Either open that folder (chmod a+x), move the project or DATA_DIR to an open one, ' +
      'start as an ordinary user, or set DATABASE_URL.',
  );
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** An existing database keeps its owner, also when root starts it once. */
function ownerOf(folder: string): User | undefined {
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}

function systemUser(): User | undefined {
  const find = (): User | undefined => {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, USER], { encoding: 'utf8' }));
    return uid?.status === 0 && gid?.status === 0
      ? { uid: Number(uid.stdout), gid: Number(gid.stdout) }
      : undefined;
  };
  const found = find();
  if (found) return found;
  spawnSync('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    USER,
  ]);
  return find();
}

/**
 * First path that the user may not use. Tested as that user, so that every kind of permission
 * counts.
 */
function firstClosed(user: User, { programs, files, dataDir }: Paths): string | undefined {
  const folders = new Set([...programs, ...files, dataDir].flatMap(foldersAbove));
  const checks = [
    ...[...folders, ...programs].flatMap((path) => ['-x', path]),
    ...files.flatMap((path) => ['-r', path]),
  ];
  const script = 'while [ $# -gt 0 ]; do [ "$1" "$2" ] || { echo "$2"; exit; }; shift 2; done';
  return (
    spawnSync('/bin/sh', ['-c', script, 'sh', ...checks], {
      ...user,
      cwd: '/',
      encoding: 'utf8',
    }).stdout.trim() || undefined
  );
}

function foldersAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...foldersAbove(parent), parent];
}

function changeOwner(folder: string, { uid, gid }: User): void {
  if (statSync(folder).uid !== uid) spawnSync('chown', ['-R', `${uid}:${gid}`, folder]);
}
