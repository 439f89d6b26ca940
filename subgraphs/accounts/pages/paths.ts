/** Where the links in mails and on the sign-in page lead, unless APP_URL names an app that has these pages. */
export const signUpPath = '/sign-up';
export const verifyPath = '/verify-email';
export const resetPath = '/reset-password';
export const revertPath = '/revert-email-change';

export const pagePaths: readonly string[] = [signUpPath, verifyPath, resetPath, revertPath];
