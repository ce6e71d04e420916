/** The greatest number of a run that stands in the lists. */
export const READ_LISTED_TO = "SELECT value AS number FROM meta WHERE name = 'listed_to'";
