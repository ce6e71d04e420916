/** No host begins anything while the store is filled. */
export const LOCK_RESTORED = `LOCK TABLE runs, workflows, workflow_names IN SHARE ROW EXCLUSIVE MODE`;
