"""The unmodified Python client `fhirpy` against a VPR whose base is the only argument."""

import asyncio
import sys

from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound


def blocking(base):
    client = SyncFHIRClient(base)
    patient = client.resource("Patient", name=[{"family": "Fhirpyson", "given": ["Grace"]}], gender="female")
    patient.save()
    assert patient.id
    for number in range(7):
        client.resource(
            "Observation",
            status="final",
            code={"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
            subject=patient.to_reference(),
            effectiveDateTime=f"2024-03-0{number + 1}",
        ).save()

    assert [each.id for each in client.resources("Patient").search(family="fhirpyson").fetch()] == [patient.id]
    # `count()` sends a parameter of another server's own; the standard's way to let it pass is this.
    lenient = SyncFHIRClient(base, extra_headers={"Prefer": "handling=lenient"})
    chained = lenient.resources("Observation").search(
        code="http://loinc.org|8462-4", **{"subject:Patient.family": "Fhirpyson"}
    )
    assert chained.count() == 7, chained.count()
    paged = chained.sort("-date").limit(3).fetch_all()
    days = [each["effectiveDateTime"] for each in paged]
    assert days == sorted(days, reverse=True) and len(days) == 7, days
    since = client.resources("Observation").search(patient=patient.id, date__ge="2024-03-05T00:00")
    assert len(since.fetch_all()) == 3

    included = client.resources("Observation").search(patient=patient.id).include("Observation", "subject")
    assert {each.resource_type for each in (entry.resource for entry in included.fetch_raw().entry)} == {
        "Observation",
        "Patient",
    }

    patient["birthDate"] = "1906-12-09"
    expecting_one = SyncFHIRClient(base, extra_headers={"If-Match": 'W/"1"'})
    update = (f"Patient/{patient.id}", "put", patient.serialize())
    expecting_one.execute(*update)
    patient["birthDate"] = "1906-12-10"
    try:
        expecting_one.execute(f"Patient/{patient.id}", "put", patient.serialize())
    except MultipleResourcesFound:  # what this client makes of every 412
        pass
    else:
        raise AssertionError("a second update of the same version must be refused")
    history = client.execute(f"Patient/{patient.id}/_history", method="get")
    assert history["total"] == 2, history["total"]

    organization = client.resource("Organization", identifier=[{"system": "urn:test", "value": "fhirpy"}], name="A")
    organizations = client.resources("Organization").search(identifier="urn:test|fhirpy")
    first, was_created = organizations.update(organization)
    assert was_created, "a conditional update of nothing creates"
    organization["name"] = "B"
    again, was_created = organizations.update(organization)
    assert not was_created and again.id == first.id and again["name"] == "B"

    patient.delete()
    try:
        client.resources("Patient").search(_id="no-such").get()
    except ResourceNotFound:
        pass
    else:
        raise AssertionError("what is not there must not be found")
    try:
        client.resources("Patient").search(nonsense="1").fetch()
    except OperationOutcome:
        pass
    else:
        raise AssertionError("an unknown parameter must be refused")


async def asynchronous(base):
    client = AsyncFHIRClient(base)
    found = await client.resources("Observation").search(code="8462-4").limit(2).fetch_all()
    assert len(found) == 7, len(found)


blocking(sys.argv[1])
asyncio.run(asynchronous(sys.argv[1]))
print("fhirpy: created 9, chained and paged 7, sorted, included, refused 412, conditional update, history 2, deleted")
