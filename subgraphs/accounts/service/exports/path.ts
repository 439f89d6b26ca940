/** Where files of exports are downloaded, by `<export>/<file>.json` below it. */
export const exportsPath = '/accounts/exports/';
