/** The row by which opening $1 tells which of its commits came through. */
export const ADD_COMMIT_MARK = `INSERT INTO commit_marks (writer, number) VALUES ($1, 0)`;
