import { type ASTNode } from 'graphql';
import { rules } from './rules/audits.ts';
import { type Domain, type DomainSdl, type Graph, has, isMachinery, isStub, readGraph } from './rules/graph.ts';

export interface Finding {
  readonly rule: number;
  readonly domain: string;
  /** `Type.field`, `Type.field(argument)` or `Type`. */
  readonly at: string;
  readonly line: number;
  readonly message: string;
  readonly mend: string;
}

export interface Audit {
  readonly findings: readonly Finding[];
  /** What a comment `# waive rule 9: reason` excuses. */
  readonly waived: readonly (Finding & { readonly reason: string })[];
  /** What anybody may read: `Type.field`, or `Type.*` for a whole type. */
  readonly publicFields: readonly string[];
}

const waiverRule = {
  number: 21,
  sentence: 'A waiver has a reason and something to waive.',
  mend: 'take the comment out, or write # waive rule 9: why',
};

/** Holds the domains' SDL against every rule. */
export function auditGraph(sources: readonly DomainSdl[], sharedSdl = ''): Audit {
  const graph = readGraph(sources, sharedSdl);
  const reports = graph.domains.map((domain) => auditDomain(domain, graph));
  return {
    findings: reports.flatMap(({ findings }) => findings),
    waived: reports.flatMap(({ waived }) => waived),
    publicFields: graph.domains.flatMap((domain) => publicFieldsOf(domain)).toSorted(),
  };
}

/** A reference from one domain to an entity of another, with the fields that it adds there. */
export interface EntityLink {
  readonly domain: string;
  readonly owner: string;
  readonly entity: string;
  readonly adds: readonly string[];
}

/** Who refers to whose entities. */
export function listEntityLinks(sources: readonly DomainSdl[]): EntityLink[] {
  const graph = readGraph(sources, '');
  return graph.domains.flatMap((domain) =>
    domain.outputs
      .filter((type) => isStub(type, domain, graph))
      .map((type) => ({
        domain: domain.name,
        owner: graph.owners.get(type.name.value)!,
        entity: type.name.value,
        adds: (type.fields ?? []).filter((field) => !isMachinery(field, type, domain, graph)).map((field) => field.name.value),
      })),
  );
}

function auditDomain(domain: Domain, graph: Graph): Pick<Audit, 'findings' | 'waived'> {
  const waivers = readWaivers(domain.sdl);
  const findings: Finding[] = [];
  const waived: (Finding & { reason: string })[] = [];
  for (const rule of rules) {
    for (const { at, nodes, what } of rule.audit(domain, graph)) {
      const finding = {
        rule: rule.number,
        domain: domain.name,
        at,
        line: lineOf(nodes[0]!),
        message: `${what}. ${rule.sentence}`,
        mend: rule.mend,
      };
      const waiver = waivers.find(({ rule: number, target }) => number === rule.number && nodes.some((node) => target === lineOf(node)));
      if (!waiver?.reason) findings.push(finding);
      else waived.push({ ...finding, reason: waiver.reason });
      if (waiver?.reason) waiver.used = true;
    }
  }
  const idle = waivers.filter(({ used }) => !used);
  const { number, sentence, mend } = waiverRule;
  findings.push(
    ...idle.map(({ rule, line }) => ({ rule: number, domain: domain.name, at: `# waive rule ${rule}`, line, message: sentence, mend })),
  );
  return { findings, waived };
}

const lineOf = (node: ASTNode): number => node.loc?.startToken.line ?? 0;

interface Waiver {
  readonly rule: number;
  readonly reason: string;
  readonly line: number;
  /** The line on which the definition after the comment begins. */
  readonly target: number;
  used: boolean;
}

function readWaivers(sdl: string): Waiver[] {
  const lines = sdl.split('\n');
  return lines.flatMap((text, index) => {
    const match = /^\s*#\s*waive rule (\d+)\s*:?\s*(.*)$/.exec(text);
    if (!match) return [];
    const after = lines.findIndex((line, at) => at > index && !/^\s*(#.*)?$/.test(line));
    return [{ rule: Number(match[1]), reason: match[2]!.trim(), line: index + 1, target: after + 1, used: false }];
  });
}

function publicFieldsOf(domain: Domain): string[] {
  return domain.outputs.flatMap((type) => {
    if (has(type, 'public')) return [`${type.name.value}.*`];
    return (type.fields ?? []).filter((field) => has(field, 'public')).map((field) => `${type.name.value}.${field.name.value}`);
  });
}

/** One finding as a person reads it: where, what, and how to mend it. */
export const describeFinding = ({ rule, domain, at, line, message, mend }: Finding): string =>
  `subgraphs/${domain}/schema.graphql:${line} ${at}: ${message} (rule ${rule})\nmend: ${mend}`;
