/** What each group asks first: the epoch that may write now, and the greatest number in the lists. */
export const READ_MARKS = `
SELECT (SELECT value FROM meta WHERE name = 'owner_epoch') AS epoch,
  (SELECT value FROM meta WHERE name = 'listed_to') AS listedTo`;
