/** Where the links in mails lead, unless APP_URL names an app that has these pages. */
export const verifyPath = '/verify-email';
export const resetPath = '/reset-password';
export const revertPath = '/revert-email-change';

export const linkPaths: readonly string[] = [verifyPath, resetPath, revertPath];
