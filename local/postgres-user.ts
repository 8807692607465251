// As whom PostgreSQL runs. It refuses to be root, so a stack started by root runs it as a system user, or, where that user
// may not enter a folder, as root under another number in a user namespace of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Identity {
  /** Put before the program and its arguments. */
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

interface Paths {
  /** Programs that must be executable. */
  readonly programs: readonly string[];
  /** Files that must be readable. */
  readonly files: readonly string[];
  /** The database's own folder; it is made, and given to the identity. */
  readonly dataDir: string;
}

const USER = 'postgres';
// The number root is called inside the namespace. initdb wants it to have a name, and `nobody` has one everywhere.
const NOBODY = 65534;

/** Finds out, before anything is started, who can run PostgreSQL here. Throws an Error that names the closed folder when nobody can. */
export function chooseIdentity(paths: Paths): Identity {
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return { prefix: [] };
  const user = ownerOf(paths.dataDir) ?? systemUser();
  const closed = user && firstClosed(user, paths);
  if (user && !closed) {
    give(paths.dataDir, user);
    return { prefix: [], ...user };
  }
  const unshare = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  if (spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'true'], { cwd: '/' }).status === 0) {
    give(paths.dataDir, { uid: 0, gid: 0 });
    return { prefix: unshare };
  }
  const why =
    user && closed
      ? `the user it would run as (id ${user.uid}) cannot get at ${closed}`
      : `there is no user "${USER}" and none could be made`;
  throw new Error(
    `PostgreSQL refuses to run as root, and ${why}; user namespaces are not allowed here either.\n` +
      `Either open that folder (chmod a+x), move the project or DATA_DIR to an open one, start as an ordinary user, or set DATABASE_URL.`,
  );
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A database that belongs to somebody stays theirs, also when root starts it once. */
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

/** The first path that the user may not use, asked as that user, so that every kind of permission counts. */
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

function give(folder: string, { uid, gid }: User): void {
  if (statSync(folder).uid !== uid) spawnSync('chown', ['-R', `${uid}:${gid}`, folder]);
}
