"""The oracle accepts what vendors accept, and says exactly what is wrong with everything else."""

import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.descriptions.description import SPECS, Description, Schema
from support.descriptions.documents import operations_of
from support.descriptions.prose import BY_HAND, WITH_DOCUMENTS
from support.descriptions.samples import EMAIL, HASH, JSON, SAMPLES, Sample
from support.descriptions.spoilt import SPOILT

needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason="needs ../shared/specs, which is not part of the project")
ALWAYS = sorted(set(BY_HAND) - WITH_DOCUMENTS)


def faults(sample: Sample) -> list[str]:
    found = sample.faults()
    if found is None:
        pytest.skip(f"needs ../shared/specs/{sample.vendor}, which is not part of the project")
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_good_request_is_accepted(name):
    assert faults(SAMPLES[name]) == []


@pytest.mark.parametrize(("name", "spoil", "verdict"), SPOILT)
def test_a_spoilt_request_is_refused_with_the_place_and_the_rule(name, spoil, verdict):
    found = faults(spoil(SAMPLES[name]))
    assert found == verdict
    assert EMAIL not in "".join(found), "a verdict ends up in a log"


def test_every_vendor_has_a_good_request_and_at_least_two_spoilt_ones():
    vendors = {one.vendor for one in SAMPLES.values()}
    spoilt = [SAMPLES[name].vendor for name, *_ in SPOILT]
    assert vendors >= set(BY_HAND)
    assert {vendor for vendor in vendors if spoilt.count(vendor) < 2} == set()


@needs_specs
def test_every_folder_of_descriptions_is_read_and_every_schema_in_it_compiles():
    for folder in sorted(SPECS.iterdir()):
        if not folder.is_dir() or folder.name in ("recorded", "cloudevents", "openlineage"):
            continue
        found = Description.load(folder.name)
        assert found.routes, folder.name
        for _, one in found.routes:
            for media, schema in one.bodies.items():
                one.validator(media, schema)
            for parameter in one.parameters:
                one.validator(f"{parameter.where} {parameter.name}", parameter.schema)


def test_a_vendor_without_its_documents_has_no_description(tmp_path: Path):
    assert operations_of("klaviyo", tmp_path) is None
    assert Description.load("nobody") is None
    assert all(Description.load(vendor) for vendor in ALWAYS)


def test_a_literal_part_of_a_path_beats_a_template():
    hubspot, listmonk = Description.load("hubspot"), Description.load("listmonk")
    assert hubspot.find("POST", "/crm/v3/objects/contacts/gdpr-delete")[0].template.endswith("gdpr-delete")
    assert listmonk.find("PUT", "/api/subscribers/lists")[0].template == "/api/subscribers/lists"
    assert listmonk.find("PUT", "/api/subscribers/7")[1] == {"id": "7"}


def test_a_verdict_never_repeats_a_path_that_names_a_person():
    gone = replace(SAMPLES["iterable users"], path=f"/api/people/{EMAIL}").faults()
    assert gone == ["path /api/people/*: not described"]


def test_a_packed_body_is_unpacked_before_it_is_read():
    one = SAMPLES["iterable users"]
    packed = replace(one, body=gzip.compress(one.encoded()), headers={"Api-Key": "k", "Content-Encoding": "gzip"})
    assert faults(packed) == []
    assert faults(replace(packed, body=one.encoded())) == ["body: not gzip, though its Content-Encoding says so"]


def test_a_query_is_taken_from_the_path_or_apart_and_its_values_have_types():
    check = Description.load("listmonk").check
    assert check("DELETE", "/api/subscribers?id=1&id=2") == []
    assert check("DELETE", "/api/subscribers", {"id": ["1", 2]}) == []
    assert check("DELETE", "/api/subscribers", "id=one") == ["query id /0: not of type integer"]
    assert check("DELETE", "/api/subscribers") == ["query id: missing"]


@needs_specs
def test_a_part_of_a_vendor_s_documents_keeps_its_limits():
    one = SAMPLES["google audience"].times("/audienceMembers", 10_001)
    assert replace(one, vendor="google/datamanager").faults() == ["body /audienceMembers: more than 10000 items"]
    assert replace(one, vendor="google/fcm").faults() == ["path /v1/audienceMembers:ingest: not described"]


def test_headers_that_were_not_given_are_not_checked():
    one = SAMPLES["linkedin users"]
    assert Description.load("linkedin").check(one.method, one.path, {}, None, one.encoded(), JSON) == []


def test_many_faults_are_cut_short():
    rows = [{"name": "x"}] * 100
    found = faults(SAMPLES["iterable users"].with_body("/users", rows))
    assert len(found) == 21 and found[-1] == "body: and more"


@needs_specs
def test_a_file_in_a_multipart_body_counts_as_a_field():
    def part(name: str, more: str, content: str) -> str:
        return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{content}\r\n'

    body = (
        part("advertiser_id", "", "1")
        + part("calculate_type", "", "EMAIL_SHA256")
        + part("file_signature", "", "s")
        + part("file", '; filename="a.csv"', HASH)
    )
    sample = Sample(
        "tiktok", "POST", "/open_api/v1.3/dmp/custom_audience/file/upload/", (body + "--x--\r\n").encode(),
        {"Access-Token": "t"}, media="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert faults(sample) == []
    wrong = replace(sample, body=sample.body.replace(b'"calculate_type"', b'"kind"'))
    assert faults(wrong) == ["body /calculate_type: missing", "body /kind: undeclared"]


EVENT = {"id": "1", "source": "/shop", "specversion": "1.0", "type": "shop.order", "time": "2026-01-15T08:00:00Z"}
NAMED = {"namespace": "shop", "name": "orders"}
FACET = {"_producer": "https://example.com", "_schemaURL": "https://example.com/schema"}
RUN = {
    "eventTime": "2026-01-15T08:00:00Z", "producer": "https://example.com", "schemaURL": "https://example.com/schema",
    "eventType": "COMPLETE", "run": {"runId": "0190a7c3-1f3b-7000-8000-000000000000"}, "job": NAMED,
    "outputs": [{**NAMED, "facets": {"schema": {**FACET, "fields": [{"name": "email", "type": "text"}]}}}],
}  # fmt: skip


@needs_specs
@pytest.mark.parametrize(("standard", "event", "verdict"), [
    ("cloudevents", EVENT, []),
    ("cloudevents", {**EVENT, "time": "today"}, ["event /time: not of the format date-time"]),
    ("cloudevents", {**EVENT, "specversion": "0.3"}, ["event /specversion: not 1.0"]),
    ("cloudevents", {**EVENT, "Shop-Id": 1}, ["event: a field's name is not allowed"]),
    ("openlineage", RUN, []),
    ("openlineage", {**RUN, "eventType": "DONE"},
     ["event /eventType: none of START, RUNNING, COMPLETE, ABORT, FAIL, OTHER"]),
    ("openlineage", {**RUN, "jobs": []}, ["event /jobs: undeclared"]),
    ("openlineage", {**RUN, "outputs": [{**NAMED, "facets": {"schema": FACET | {"fields": 1}}}]},
     ["event /outputs/0/facets/schema/fields: not of type array"]),
])  # fmt: skip
def test_an_event_is_held_against_its_standard(standard, event, verdict):
    assert Schema.load(standard).check(event) == verdict


def test_every_mend_and_limit_gives_its_reason():
    from support.descriptions.mends import MENDS
    from support.descriptions.prose import LIMITS

    assert all(len(one.reason) > 20 for some in MENDS.values() for one in some)
    assert all(re.search(r"\w{4}", one.source) for some in LIMITS.values() for one in some)
