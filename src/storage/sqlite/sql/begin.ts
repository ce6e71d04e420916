/** The write lock first: a group never fails half-way for want of it. */
export const BEGIN_GROUP = "BEGIN IMMEDIATE";
