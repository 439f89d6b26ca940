/** The part of `negotiator` that we use; it brings no types of its own. */
declare module 'negotiator' {
  export default class Negotiator {
    constructor(request: { readonly headers: { readonly accept?: string | undefined } });
    mediaType(available: readonly string[]): string | undefined;
  }
}
