/** The part of `cors` that we use; it brings no types of its own. */
declare module 'cors' {
  import type { RequestHandler } from 'express';
  export interface CorsOptions {
    readonly origin: readonly string[];
    readonly methods: readonly string[];
    readonly allowedHeaders: readonly string[];
    readonly exposedHeaders: readonly string[];
    readonly maxAge: number;
  }
  const cors: (options: CorsOptions) => RequestHandler;
  export default cors;
}
