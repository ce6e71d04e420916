/** All of a copy's runs stand in the lists. */
export const LIST_COPIED_RUNS = `
UPDATE meta SET value = (SELECT coalesce(max(number), 0) FROM runs) WHERE name = 'listed_to'`;
