import { seal, open } from './secrets.ts';
import { canSignIn, normalRoles, statusFor } from './policy.ts';
import { networkOf } from './service/shared.ts';
import { readDevice } from './service/device.ts';

const from = (ipAddress: string | null) => networkOf({ client: { ipAddress, userAgent: null } });

test('a source network is an IPv4 address or the first 64 bits of an IPv6 one', () => {
  expect(from('192.0.2.7')).toBe('192.0.2.7');
  expect(from('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(from('2001:db8::1')).toBe(from('2001:DB8:0:0:ffff::2'));
  expect(from('2001:db8:0:1::1')).not.toBe(from('2001:db8:0:2::1'));
  expect(from(null)).toBe('unknown');
});

test('only active persons and those who think again sign in', () => {
  const statuses = ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED'] as const;
  expect(statuses.map((status) => canSignIn({ kind: 'PERSON', status }))).toEqual([true, false, true, false]);
  expect(canSignIn({ kind: 'SERVICE', status: 'ACTIVE' })).toBe(false);
});

test('others see ACTIVE or ERASED only', () => {
  const seen = (['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED'] as const).map((status) => statusFor(null, { id: 'x', status }));
  expect(seen).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE', 'ERASED']);
});

test('roles are kept in one order, each once, USER always', () => {
  expect(normalRoles(['ADMIN', 'ADMIN'])).toEqual(['USER', 'ADMIN']);
  expect(normalRoles([])).toEqual(['USER']);
});

test('what is sealed opens with the same key and purpose only, and not when it was changed', () => {
  const sealed = seal('key', 'mail', 'a secret');
  expect(open('key', 'mail', sealed)).toBe('a secret');
  expect(() => open('key', 'signing-key', sealed)).toThrow();
  expect(() => open('other', 'mail', sealed)).toThrow();
  expect(() => open('key', 'mail', `${sealed.slice(0, -2)}AA`)).toThrow();
});

test('a device is named after what it says of itself', () => {
  expect(
    readDevice('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15')
      .name,
  ).toBe('Safari on macOS');
  expect(readDevice(null).name).toBe('Unknown device');
  expect(readDevice('curl/8.5.0').name).toBeTruthy();
});
