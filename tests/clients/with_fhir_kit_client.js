// The unmodified JavaScript client `fhir-kit-client` against a VPR whose base is the only argument.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });

const statement = await client.capabilityStatement();
assert.equal(statement.resourceType, "CapabilityStatement");
assert.ok(statement.rest[0].resource.every((each) => Array.isArray(each.searchParam)));

const patient = await client.create({
  resourceType: "Patient",
  body: { resourceType: "Patient", name: [{ family: "Kitson", given: ["Alan"] }], gender: "male" },
});
assert.ok(patient.id);
for (let number = 0; number < 7; number += 1) {
  await client.create({
    resourceType: "Observation",
    body: {
      resourceType: "Observation",
      status: "final",
      code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
      subject: { reference: `Patient/${patient.id}` },
      valueQuantity: { value: 60 + number, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" },
    },
  });
}

const named = await client.search({ resourceType: "Patient", searchParams: { family: "kitson" } });
assert.deepEqual(named.entry.map((each) => each.resource.id), [patient.id]);
const posted = await client.search({
  resourceType: "Patient",
  searchParams: { family: "kitson" },
  options: { postSearch: true },
});
assert.equal(posted.total, 1);

const seen = new Set();
let pages = 0;
let bundle = await client.resourceSearch({
  resourceType: "Observation",
  searchParams: { "subject:Patient.family": "Kitson", code: "http://loinc.org|8867-4", _count: 3, _total: "accurate" },
});
assert.equal(bundle.total, 7);
let last;
while (bundle) {
  pages += 1;
  bundle.entry.forEach((each) => seen.add(each.resource.id));
  last = bundle;
  bundle = bundle.link.some((each) => each.relation === "next") ? await client.nextPage({ bundle }) : undefined;
}
assert.deepEqual([pages, seen.size], [3, 7]);
const back = await client.prevPage({ bundle: last });
assert.equal(back.entry.length, 3);

const inCompartment = await client.compartmentSearch({
  resourceType: "Observation",
  compartment: { resourceType: "Patient", id: patient.id },
  searchParams: { "value-quantity": "gt63" },
});
assert.equal(inCompartment.total, 3);

patient.birthDate = "1912-06-23";
const version = patient.meta.versionId;
const updating = () =>
  client.update({
    resourceType: "Patient",
    id: patient.id,
    body: patient,
    options: { headers: { "If-Match": `W/"${version}"` } },
  });
await updating();
await assert.rejects(updating, (error) => error.response.status === 412);
const history = await client.resourceHistory({ resourceType: "Patient", id: patient.id });
assert.equal(history.total, 2);
const typeHistory = await client.typeHistory({ resourceType: "Patient" });
assert.ok(typeHistory.entry.length >= 2);
const systemHistory = await client.systemHistory();
assert.ok(systemHistory.entry.length >= 9);

await assert.rejects(
  client.search({ resourceType: "Patient", searchParams: { famly: "kitson" } }),
  (error) => error.response.status === 400,
);
await client.delete({ resourceType: "Patient", id: patient.id });
await assert.rejects(client.read({ resourceType: "Patient", id: patient.id }), (error) => error.response.status === 410);
console.log("fhir-kit-client: created 8, paged 3 pages and back, compartment 3, updated, refused 412, histories, deleted");
