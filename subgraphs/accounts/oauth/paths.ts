/** Where people sign in to apps, unless SIGN_IN_URL says otherwise. */
export const signInPath = '/sign-in';
export const signInScript = '/sign-in/passkey.js';
export const externalPath = '/oauth/external/';

/** All that is served here; the public keys are served by the gateway, which verifies with them. */
export const oauthPaths: readonly string[] = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oauth/authorize',
  '/oauth/authorize/',
  '/oauth/par',
  '/oauth/token',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/device_authorization',
  '/oauth/device',
  '/oauth/device/',
  '/oauth/userinfo',
  '/oauth/end_session',
  '/oauth/end_session/',
  externalPath,
  signInPath,
  signInScript,
];
