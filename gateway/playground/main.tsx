import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './playground.css';
import type { PlaygroundPage } from '../src/playground.ts';
import { signIn, type SignedIn } from './sign-in.ts';

window.MonacoEnvironment = {
  getWorker: (_moduleId: string, label: string) => {
    const name = label === 'graphql' || label === 'json' ? label : 'editor';
    return new Worker(`/playground/${name}.worker.js`, { type: 'module' });
  },
};

const page = JSON.parse(document.querySelector('#page')?.textContent ?? '{}') as PlaygroundPage;

/** What the next request carries; kept outside React, because the fetcher outlives each rendering. */
const session: { person: SignedIn | null; organizationId: string } = { person: null, organizationId: '' };

const carried = (): Record<string, string> => ({
  ...(session.person ? { authorization: `Bearer ${session.person.accessToken}` } : {}),
  ...(session.organizationId ? { 'x-organization-id': session.organizationId } : {}),
});

const socketAddress = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`;
const socket = createClient({
  url: socketAddress,
  connectionParams: () => ({
    ...(session.person ? { authorization: `Bearer ${session.person.accessToken}` } : {}),
    ...(session.organizationId ? { organizationId: session.organizationId } : {}),
  }),
  // A new sign-in must reach the next subscription, so idle sockets are not kept.
  lazyCloseTimeout: 0,
});

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  wsClient: socket,
  fetch: (input, init) => fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...carried() } }),
});

function Playground() {
  const [person, setPerson] = useState<SignedIn | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (email: string) => {
    setProblem(null);
    try {
      session.person = email ? await signIn(email, page.password) : null;
      setPerson(session.person);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <header className="bar">
        <strong>Supergraph</strong>
        <span className="hint">{person ? `signed in as ${person.name}` : 'you are a guest'}</span>
        {page.people.map(({ email, name, role }) => (
          <button
            key={email}
            type="button"
            aria-pressed={person?.email === email}
            onClick={() => void change(person?.email === email ? '' : email)}
          >
            {person?.email === email ? `Sign out ${name}` : `Sign in as ${name}`}
            {role ? <small> {role}</small> : null}
          </button>
        ))}
        <label>
          acting in{' '}
          <select
            onChange={({ target }) => {
              session.organizationId = target.value;
            }}
          >
            <option value="">no organization</option>
            {page.organizations.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {problem ? <span role="alert">{problem}</span> : null}
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={page.samples.map(({ query, variables }) => ({ query, variables: variables ?? null }))}
          shouldPersistHeaders={false}
        />
      </main>
    </>
  );
}

const root = document.querySelector('#app');
if (root) createRoot(root).render(<Playground />);
