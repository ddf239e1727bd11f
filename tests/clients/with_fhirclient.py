"""The unmodified Python client `fhirclient` against a VPR whose base is the only argument."""

import sys

from fhirclient import client
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.bundle import Bundle
from fhirclient.models.codeableconcept import CodeableConcept
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient


def code(text):
    return CodeableConcept({"coding": [{"system": "http://loinc.org", "code": text}]})


def main(base):
    smart = client.FHIRClient(settings={"app_id": "tests", "api_base": base})
    assert smart.prepare(), "the client does not accept the capability statement"

    patient = Patient({"name": [{"family": "Fhirclientson", "given": ["Ada"]}], "gender": "female"})
    created = patient.create(smart.server)
    patient_id = created["id"] if isinstance(created, dict) else patient.id
    assert patient_id, "create gives an id"
    for number in range(7):
        observation = Observation()
        observation.status = "final"
        observation.code = code("8480-6")
        observation.subject = FHIRReference({"reference": f"Patient/{patient_id}"})
        assert observation.create(smart.server)

    found = Patient.where({"family": "fhirclientson"}).perform_resources(smart.server)
    assert [each.id for each in found] == [patient_id], "search by name"

    chained = Observation.where(
        {"subject:Patient.family": "Fhirclientson", "code": "http://loinc.org|8480-6", "_count": "3", "_total": "accurate"}
    )
    bundle = chained.perform(smart.server)
    assert bundle.total == 7, bundle.total
    seen = set()
    pages = 0
    while bundle is not None:
        pages += 1
        seen.update(entry.resource.id for entry in bundle.entry or [])
        following = [link.url for link in bundle.link or [] if link.relation == "next"]
        if not following:
            break
        bundle = Bundle(smart.server.request_json(following[0]))
    assert (pages, len(seen)) == (3, 7), (pages, len(seen))

    current = Patient.read(patient_id, smart.server)
    current.name.append(HumanName({"family": "Married"}))
    version = current.meta.versionId
    # The client sends no If-Match of its own; it takes headers from its session.
    smart.server.session.headers["If-Match"] = f'W/"{version}"'
    current.update(smart.server)
    try:
        current.update(smart.server)
    except Exception as error:  # the client has several kinds
        assert getattr(error, "response", None) is not None and error.response.status_code == 412, error
    else:
        raise AssertionError("a second update of the same version must be refused")
    del smart.server.session.headers["If-Match"]

    history = Bundle(smart.server.request_json(f"Patient/{patient_id}/_history"))
    assert history.total == 2 and [len(e.resource.name) for e in history.entry] == [2, 1]
    print("fhirclient: created 8, found 1, paged 3 pages of a chained search, updated, refused 412, history 2")


main(sys.argv[1])
