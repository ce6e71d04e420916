/*
 * Stops with a clear message on a Node that is too old, before anything loads that it could not
 * even parse. Plain old JavaScript on purpose: this file must run everywhere, or nobody reads it.
 */
var found = process.versions.node;
if (Number(found.split(".")[0]) < 24) {
  process.stderr.write(
    "Lockstitch needs Node 24 or later; this is Node " +
      found +
      " (" +
      process.execPath +
      ").\n" +
      "In a checkout on Linux `npm ci` brings Node 24 along, and npm's scripts and npx use it.\n" +
      "Elsewhere install Node 24 (any version manager, or your system's packages), then try again.\n",
  );
  process.exit(1);
}
