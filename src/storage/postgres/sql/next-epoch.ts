/** Greater than every epoch before. */
export const NEXT_EPOCH = `SELECT nextval('owner_epochs') AS epoch`;
