import { once } from 'node:events';
import dns from 'dns2';

const { Packet } = dns;

/** A name server of a few lines: it knows the TXT records that a test enters, or keeps silent. */
export interface DnsServer {
  /** As a resolver is told of it. */
  readonly address: string;
  /** Texts by name. */
  readonly records: Map<string, string[]>;
  silent: boolean;
  close(): Promise<void>;
}

const noSuchName = 3;

/** Starts it on a free port of the loopback. */
export async function startDnsServer(): Promise<DnsServer> {
  const records = new Map<string, string[]>();
  const server = dns.createUDPServer(async (request, send) => {
    if (running.silent) return;
    const response = Packet.createResponseFromRequest(request);
    const name = request.questions[0]?.name.toLowerCase() ?? '';
    const texts = records.get(name);
    if (!texts) response.header.rcode = noSuchName;
    for (const data of texts ?? [])
      response.answers.push(new Packet.Resource({ name, type: Packet.TYPE.TXT, class: Packet.CLASS.IN, ttl: 1, data }));
    await send(response);
  });
  await server.listen(0, '127.0.0.1');
  const running: DnsServer = {
    address: `127.0.0.1:${server.address().port}`,
    records,
    silent: false,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
  return running;
}
