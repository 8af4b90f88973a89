"""Klaviyo through its connector: pages, what has changed, consents, limits and a wrong key."""

import json
from datetime import date
from pathlib import Path

import pytest
from support.sources import klaviyo
from support.sources.klaviyo import Api

NEXT = date(2026, 3, 3)
DESCRIPTION = Path(__file__).resolve().parents[4] / "shared/specs/klaviyo/stable.json"


def test_every_page_brings_every_record_once(choices):
    chosen = choices(Api())
    tables = chosen.pull()
    assert {name: entry["rows_landed"] for name, entry in tables.items()} == {"profiles": 6, "metrics": 7, "events": 7}
    assert "filter" not in chosen.vendor.asked("/profiles")[0]
    row = chosen.raw("profiles", "id, email_consent, email_consent_at, email_suppression, country", "id")[1]
    assert (row["id"], row["email_consent"], row["country"]) == ("ben", "UNSUBSCRIBED", "GB")
    assert str(row["email_consent_at"]) == "2026-01-06 10:00:00" and json.loads(row["email_suppression"]) == []
    row = chosen.raw("events", "message_id, campaign_name, bounce_type, metric_id, profile_id", "id")[3]
    assert list(row.values()) == ["M1", "Spring", "Soft", "B", "ben"]


def test_only_what_has_changed_is_asked_for_again(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.consents("ann", "email", "UNSUBSCRIBED", "2026-03-02T19:00:00+00:00", "2026-03-02T20:00:00+00:00")
    chosen.vendor.event("late", "O", "ann", "2026-03-02T20:00:00+00:00")
    chosen.vendor.requests.clear()
    tables = chosen.pull(NEXT)
    assert (tables["profiles"]["rows_landed"], tables["events"]["rows_landed"]) == (1, 1)
    assert chosen.vendor.asked("/profiles")[0]["filter"] == "greater-than(updated,2026-02-14T10:00:00Z)"
    assert chosen.vendor.asked("/events")[0]["filter"] == "greater-or-equal(datetime,2026-02-14T10:00:00Z)"
    tables = chosen.pull(date(2026, 3, 4))
    assert (tables["profiles"]["rows_in"], tables["events"]["rows_in"]) == (1, 1)


def test_the_limit_is_waited_for(choices):
    chosen = choices(Api())
    chosen.vendor.busy = [klaviyo.LIMIT]
    assert chosen.pull()["profiles"]["rows_landed"] == 6


def test_a_wrong_key_is_told_and_not_shown(choices, monkeypatch):
    chosen = choices(Api())
    monkeypatch.setenv("FAIRLEAD_KLAVIYO_TOKEN", "pk_wrong")
    tables = chosen.try_pull()
    assert {entry["error_kind"] for entry in tables.values()} == {"ConfigError"}
    assert "401" in str(tables) and "pk_wrong" not in str(tables)


@pytest.mark.skipif(not DESCRIPTION.exists(), reason="../shared/specs/klaviyo is not there")
def test_what_is_asked_stands_in_the_vendors_description(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.pull(NEXT)
    description = json.loads(DESCRIPTION.read_text())
    assert description["info"]["version"] == klaviyo.REVISION
    for request in chosen.vendor.requests:
        parameters = {p["name"]: p for p in description["paths"][request.path]["get"]["parameters"]}
        query = {name: value[0] for name, value in request.query.items()}
        assert (
            set(query) <= set(parameters) and request.headers["revision"] == parameters["revision"]["schema"]["default"]
        )
        if "sort" in query:
            assert query["sort"] in parameters["sort"]["schema"]["enum"]
        if "filter" in query:
            operator, field = query["filter"].split(",")[0].split("(")
            allowed = parameters["filter"]["description"].split(f"`{field}`:")[1].split("<br>")[0]
            assert f"`{operator}`" in allowed
