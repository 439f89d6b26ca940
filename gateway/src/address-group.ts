import { isIPv6 } from 'node:net';

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address as people write it: IPv4 also where a socket shows it as IPv6. */
export const plainAddress = (address: string): string => mapped.exec(address)?.[1] ?? address;

/** What counts as one place on the net: an IPv4 address, or a /64 of IPv6, which any household has to itself. */
export function addressGroup(address: string): string {
  const plain = plainAddress(address).split('%')[0] ?? '';
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const first = groupsOf(head);
  const last = groupsOf(tail);
  const gap = plain.includes('::') ? Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => 0) : [];
  const network = [...first, ...gap, ...last].slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** Dotted last groups stand for two; they never reach the first four. */
const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]));
