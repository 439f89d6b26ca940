import postgres from 'postgres';
import { Connection } from 'rabbitmq-client';
import { freshName } from './probe.ts';

/** Services that tests of external engines talk to; these tests run where TEST_EXTERNAL=true, and fail without the services. */
export const external = {
  postgres: process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  amqp: process.env['TEST_AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672',
  redis: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
};

/** An empty database of its own on the external PostgreSQL. */
export async function createExternalDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const owner = postgres(external.postgres, { max: 1, onnotice: () => undefined });
  const name = freshName('supergraph_external_');
  await owner`create database ${owner(name)}`;
  const url = new URL(external.postgres);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await owner`drop database ${owner(name)} with (force)`;
      await owner.end();
    },
  };
}

/** Takes the queues of consumers away from RabbitMQ, with what waits in them. */
export async function forgetQueues(consumers: readonly string[]): Promise<void> {
  const connection = new Connection(external.amqp);
  for (const consumer of consumers) await connection.queueDelete(`supergraph.${consumer}`);
  await connection.close();
}
