/** Hides an ended run until its rows are gone. ?1 its number. */
export const REMOVE_RUN = "UPDATE runs SET status = 7 WHERE number = ?1 AND status BETWEEN 4 AND 6";
