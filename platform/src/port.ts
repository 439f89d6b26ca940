import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Why a port cannot be had, with who has it and what to do; any other error as it is. */
export function describePortError(error: unknown, port: number, variable: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new Error(`port ${port} is taken${holderOf(port)}\n  mend: stop that program, or set ${variable} to another port`, {
      cause: error,
    });
  if (code === 'EACCES')
    return new Error(`port ${port} may not be used by this user\n  mend: set ${variable} to a port above 1023`, { cause: error });
  return error;
}

/** " by node (pid 123)" where the system tells it, otherwise nothing. */
function holderOf(port: number): string {
  try {
    const inode = ['/proc/net/tcp', '/proc/net/tcp6'].map((table) => listeningInode(table, port)).find(Boolean);
    const pid = inode && readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name, inode));
    return pid ? ` by ${nameOf(pid)} (pid ${pid})` : '';
  } catch {
    return '';
  }
}

/** The program's file tells more than the name of its main thread, which a program may change. */
const nameOf = (pid: string): string => basename(linkOf(`/proc/${pid}/exe`)) || readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

const listening = '0A';

function listeningInode(table: string, port: number): string | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local?.endsWith(wanted) && state === listening) return inode;
  }
  return undefined;
}

function holds(pid: string, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((file) => linkOf(`/proc/${pid}/fd/${file}`) === `socket:[${inode}]`);
  } catch {
    // Another user's process.
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
