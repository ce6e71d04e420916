/** All open runs of host $1 become nobody's. */
export const RELEASE_ALL_RUNS = `
UPDATE runs SET owner = NULL, owner_epoch = (SELECT nextval('owner_epochs'))
WHERE owner = $1 AND status <= 3`;
