/** The key $1 under which versions of secrets are named, unless there is one. */
export const ENSURE_VERSION_KEY = `
INSERT INTO meta (name, value) VALUES ('version_key', $1) ON CONFLICT (name) DO NOTHING`;
