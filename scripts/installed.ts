/** What an installation says at its end: what npm's warnings about the machine's Node mean, if there were any. */
export function remarkOn(npmUserAgent: string, ownVersion: string): string | undefined {
  const machine = /\bnode\/(v(\d+)\.\S+)/.exec(npmUserAgent);
  const own = Number(/^v(\d+)/.exec(ownVersion)?.[1]);
  if (!machine || Number(machine[2]) >= own) return undefined;
  return `npm's warnings (EBADENGINE) are about Node ${machine[1]}, which runs npm on this machine and nothing else:\nthe project brings Node ${ownVersion}, and its npm scripts start everything on that.`;
}

if (import.meta.main) {
  const remark = remarkOn(process.env['npm_config_user_agent'] ?? '', process.version);
  if (remark) console.log(`\n${remark}\n`);
}
