/** Every run that has not ended is under epoch $1 from here on: all others are fenced. */
export const CLAIM_OPEN_RUNS = `
UPDATE runs SET owner_epoch = $1, owner = NULL
WHERE number IN (SELECT number FROM runs WHERE status <= 3 AND owner_epoch < $1 ORDER BY number FOR UPDATE)`;
