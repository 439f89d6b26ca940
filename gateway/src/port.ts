import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { listen } from '@supergraph/platform/service-server';

/** Listens, or says who has the port and what to do. */
export async function listenOn(server: Server, port: number, host: string, variable: string): Promise<void> {
  try {
    await listen(server, port, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new Error(`port ${port} is taken${holderOf(port)}\n  mend: stop that program, or set ${variable} to another port`, {
        cause: error,
      });
    if (code === 'EACCES')
      throw new Error(`port ${port} may not be used by this user\n  mend: set ${variable} to a port above 1023`, { cause: error });
    throw error;
  }
}

/** " by node (pid 123)" where the system tells it, otherwise nothing. */
export function holderOf(port: number): string {
  try {
    const inode = ['/proc/net/tcp', '/proc/net/tcp6'].map((table) => listeningInode(table, port)).find(Boolean);
    const pid = inode && readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name, inode));
    return pid ? ` by ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})` : '';
  } catch {
    return '';
  }
}

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
