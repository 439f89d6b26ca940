/** Where the link of an invitation leads, unless APP_URL names an app that has this page. */
export const invitationPath = '/invitations';
