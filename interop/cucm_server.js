// A server that the npm package soap makes from Cisco's own WSDL: what it answers is laid
// out by that package after that schema. Prints its port, and each request to standard
// error. Usage: node cucm_server.js SCHEMA-FOLDER VERSION CERT.pem KEY.pem
const [folder, version, cert, key] = process.argv.slice(2);
const fs = require("fs");
const https = require("https");
const path = require("path");
const soap = require("soap");

const phones = ["SEP000000000001", "SEP000000000002", "SEP000000000003", "SEP000000000004", "SEP000000000005"];
const large = {
  Fault: {
    faultcode: "soapenv:Server",
    faultstring: "Query request too large. Total rows matched: 5 rows. Suggested row fetch: less than 3 rows",
    statusCode: 500,
  },
};
const rows = {
  processconfig: [{ paramname: "ClusterSecurityMode", paramvalue: "1" }],
  devicepool: [
    { devicepool: "Default", callmanagergroup: "Default", processnode: "cucm-pub", priority: "0" },
    { devicepool: "Default", callmanagergroup: "Default", processnode: "cucm-sub", priority: "1" },
  ],
  device: [{ phones: "5" }],
};
const operations = {
  getCCMVersion: () => ({ return: { componentVersion: { version: version + ".1.10000-1" } } }),
  listProcessNode: () => ({
    return: {
      processNode: [
        { name: "EnterpriseWideData", nodeUsage: "Subscriber" },
        { attributes: { uuid: "{00000000-0000-0000-0000-000000000001}" }, name: "cucm-pub", description: "first & only", nodeUsage: "Publisher", processNodeRole: "CUCM Voice/Video" },
      ],
    },
  }),
  listProcessNodeService: () => ({ return: { processNodeService: [{ processNodeName: { $value: "cucm-pub" }, service: "Cisco Tftp", isActive: "true" }] } }),
  listPhone: (q) => {
    const skip = Number(q.skip), first = Number(q.first);
    if (first > 2) throw large;
    const page = phones.slice(skip, skip + first);
    return { return: { phone: page.map((name) => ({ name, product: "Cisco 8845", model: "Cisco 8845", protocol: "SIP", devicePoolName: "Default", loadInformation: "", securityProfileName: "Secure" })) } };
  },
  executeSQLQuery: (q) => {
    const sql = typeof q.sql === "string" ? q.sql : q.sql.$value;
    const table = / from (\w+)/.exec(sql)[1];
    return { return: { row: rows[table] || [] } };
  },
  doDeviceReset: (q) => {
    const name = typeof q.deviceName === "string" ? q.deviceName : q.deviceName.$value;
    if (!phones.includes(name)) {
      const words = "Item not valid: The specified " + name + " was not found";
      throw { Fault: { faultcode: "soapenv:Server", faultstring: words, detail: { axlError: { axlcode: 5007, axlmessage: words, request: "doDeviceReset" } }, statusCode: 500 } };
    }
    return { return: "true" };
  },
};
for (const name of Object.keys(operations)) {
  const answer = operations[name];
  operations[name] = (q) => {
    process.stderr.write(name + " " + JSON.stringify(q) + "\n");
    return answer(q);
  };
}

const wsdl = path.join(folder, version, "AXLAPI.wsdl");
const server = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (_, response) => response.end());
server.listen(0, "127.0.0.1", () => {
  soap.listen(server, { path: "/axl/", services: { AXLAPIService: { AXLPort: operations } }, xml: fs.readFileSync(wsdl, "utf8"), uri: wsdl, callback: (error) => {
    if (error) throw error;
    console.log(server.address().port);
  } });
});
process.stdin.on("end", () => process.exit(0)).resume(); // ends with the test
