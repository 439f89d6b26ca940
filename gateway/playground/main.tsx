import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createClient } from 'graphql-ws';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './playground.css';
import type { PlaygroundPage } from '../src/playground.ts';
import { asTyped } from './as-typed.ts';
import { explaining, listening } from './explain.ts';
import { planPlugin } from './plan-panel.tsx';
import { type Entry, SignInForm } from './sign-in-form.tsx';
import { type HalfSignedIn, signIn, type SignedIn } from './sign-in.ts';

window.MonacoEnvironment = {
  getWorker: (_moduleId: string, label: string) => {
    const name = label === 'graphql' || label === 'json' ? label : 'editor';
    return new Worker(`/playground/${name}.worker.js`, { type: 'module' });
  },
};

const page = JSON.parse(document.querySelector('#page')?.textContent ?? '{}') as PlaygroundPage;

/** Whom the next request speaks for; kept outside React, because the fetcher outlives each rendering. */
const session: { person: SignedIn | null; organizationId: string } = { person: null, organizationId: '' };

async function carried(organizationHeader: string): Promise<Record<string, string>> {
  const { person, organizationId } = session;
  return {
    ...explaining.headers(),
    ...(person ? { authorization: `Bearer ${await person.token()}` } : {}),
    ...(organizationId ? { [organizationHeader]: organizationId } : {}),
  };
}

const socket = createClient({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
  connectionParams: () => carried('organizationId'),
  // A new sign-in must reach the next subscription, so idle sockets are not kept.
  lazyCloseTimeout: 0,
});

const fetcher = asTyped(
  listening(
    createGraphiQLFetcher({
      url: '/graphql',
      wsClient: socket,
      fetch: async (input, init) =>
        fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...(await carried('x-organization-id')) } }),
    }),
  ),
);

const plugins = [HISTORY_PLUGIN, planPlugin];

// GraphiQL takes those of the first tab from here, and would put them in place of what a visitor of before has left there.
const firstVariables = localStorage.getItem('graphiql:tabState') ? undefined : page.samples[0]?.variables;

function Playground() {
  const [person, setPerson] = useState<SignedIn | null>(null);
  const [organizationId, setOrganizationId] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [entry, setEntry] = useState<Entry | null>(null);
  const actIn = (id: string) => {
    session.organizationId = id;
    setOrganizationId(id);
  };
  const become = (found: SignedIn | null) => {
    session.person = found;
    setPerson(found);
    setEntry(null);
    actIn('');
  };
  const attempt = async (work: () => Promise<SignedIn | HalfSignedIn | null>) => {
    setProblem(null);
    try {
      const found = await work();
      if (found && 'prove' in found) setEntry(found);
      else become(found);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const isStranger = person !== null && page.people.every(({ email }) => email !== person.email);
  return (
    <>
      <header className="bar">
        <strong>Supergraph</strong>
        <span className="hint">{person ? `signed in as ${person.name}` : 'you are a guest'}</span>
        {problem ? <span role="alert">{problem}</span> : null}
        <span className="people">
          {page.people.map(({ email, name, role }) => {
            const isHere = person?.email === email;
            return (
              <button
                key={email}
                type="button"
                aria-pressed={isHere}
                onClick={() => void attempt(async () => (isHere ? null : signIn(email, page.password)))}
              >
                {isHere ? `Sign out ${name}` : `Sign in as ${name}`}
                {role ? <small> {role}</small> : null}
              </button>
            );
          })}
          {isStranger ? (
            <button type="button" aria-pressed onClick={() => become(null)}>
              Sign out {person?.name}
            </button>
          ) : null}
          <button type="button" aria-expanded={entry !== null} onClick={() => setEntry(entry ? null : 'password')}>
            Another account
          </button>
        </span>
        {entry ? <SignInForm key={entry === 'password' ? entry : 'code'} entry={entry} attempt={attempt} /> : null}
        <label>
          acting for{' '}
          <select value={organizationId} disabled={!person} onChange={({ target }) => actIn(target.value)}>
            <option value="">{person ? 'myself' : 'nobody yet'}</option>
            {person?.memberships.map(({ organizationId: id, organization, role }) => (
              <option key={id} value={id}>
                {organization} ({role})
              </option>
            ))}
          </select>
        </label>
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          defaultTabs={page.samples.map(({ query, variables }) => ({ query, variables: variables ?? null }))}
          initialVariables={firstVariables}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
        />
      </main>
    </>
  );
}

const root = document.querySelector('#app');
if (root) createRoot(root).render(<Playground />);
