// What the npm packages cisco-axl and cisco-risport, which nobody here wrote, make of a
// server of ours: prints one JSON object. Both take port 8443 for granted.
// Usage: node cucm_client.js HOST VERSION USER PASSWORD
const [host, version, user, password] = process.argv.slice(2);
const Axl = require("cisco-axl");
const RisPort = require("cisco-risport");

async function axl() {
  const service = new Axl(host, user, password, version);
  // The package can clean its answers, and stumbles over an empty one: it is not asked to.
  const ask = (operation, tags) => service.executeOperation(operation, tags);
  const out = {};
  out.version = await ask("getCCMVersion", {});
  out.nodes = await ask("listProcessNode", { searchCriteria: { name: "%" }, returnedTags: { name: "", nodeUsage: "", processNodeRole: "" } });
  out.services = await ask("listProcessNodeService", { searchCriteria: { processNodeName: "%" }, returnedTags: { processNodeName: "", service: "", isActive: "" } });
  out.phones = await ask("listPhone", { searchCriteria: { name: "SEP%" }, returnedTags: { name: "", model: "", devicePoolName: "", securityProfileName: "", loadInformation: "" }, first: "2", skip: "1" });
  out.none = await ask("listPhone", { searchCriteria: { name: "NOSUCH%" }, returnedTags: { name: "" } });
  out.mode = await ask("executeSQLQuery", { sql: "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'" });
  out.reset = await ask("doDeviceReset", { deviceName: "SEP000000000001", deviceResetType: "Reset" });
  // This package throws its fault where no promise hears it.
  out.fault = await new Promise((resolve) => {
    process.once("uncaughtException", (e) => resolve(String(e)));
    ask("doDeviceReset", { deviceName: "SEPFFFFFFFFFFFF", deviceResetType: "Reset" }).then((r) => resolve({ result: r }), (e) => resolve(e));
  });
  return out;
}

async function risport() {
  const service = new RisPort(host, user, password, {}, false);
  const select = (names) => service.selectCmDevice("SelectCmDevice", 1000, "Phone", 255, "Any", "", "Name", names, "Any", "Any");
  const out = {};
  out.some = (await select(["SEP000000000000", "SEP000000000001"])).results;
  out.none = (await select(["SEPFFFFFFFFFFFF"])).results;
  out.all = (await select(["*"])).results;
  return out;
}

(async () => {
  const out = { axl: await axl(), risport: await risport() };
  console.log(JSON.stringify(out));
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
