/** What every gateway's process is started with. */
export interface GatewayOptions {
  /** The composed graph; its subgraphs answer under `upstream`. */
  readonly supergraphFile: string;
  /** Where each subgraph answers, and its contract for who composes by himself. */
  readonly services: readonly { readonly name: string; readonly url: string; readonly sdl: string }[];
  /** Whether identical upstream requests in flight may become one. */
  readonly shareUpstream: boolean;
  /** Whether identical requests of clients in flight may become one. */
  readonly shareInbound: boolean;
  /** Which form of the gateway, where it has several. */
  readonly variant: string;
}
