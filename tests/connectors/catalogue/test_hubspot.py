"""HubSpot's CRM through its connector: pages, what has changed, what is archived, limits and a wrong key."""

from datetime import date

import pytest
from support import recorded
from support.sources import hubspot
from support.sources.hubspot import Api

NEXT = date(2026, 3, 3)
LIVING = """
    select id from (
        select *, row_number() over (partition by id order by _day desc, _is_deleted) as newest from raw.hubspot__{}
    ) as versions
    where newest = 1 and coalesce(_is_deleted, false) = {}
    order by id
"""


def test_every_page_brings_every_record_once(choices):
    chosen = choices(Api())
    tables = chosen.pull()
    assert {name: entry["rows_landed"] for name, entry in tables.items()} == {
        "contacts": 6, "archived_contacts": 0, "companies": 2, "archived_companies": 0, "deals": 3, "tickets": 2,
        "subscription_types": 2, "subscription_statuses": 4,
    }  # fmt: skip
    assert chosen.raw("contacts", "id", "id")[-1] == {"id": "206"}
    assert not any("_links" in entry.get("columns_added", []) for entry in tables.values())
    assert {entry["rows_unchanged"] for entry in chosen.pull().values()} != {0}


def test_only_what_has_changed_is_asked_for_again(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.put("contacts", 202, at="2026-03-02T20:00:00Z", firstname="Benjamin")
    chosen.vendor.state("ben@example.com", hubspot.MARKETING, "SUBSCRIBED", "2026-03-02T20:00:00Z")
    chosen.vendor.requests.clear()
    tables = chosen.pull(NEXT)
    assert (tables["contacts"]["rows_in"], tables["contacts"]["rows_landed"]) == (6, 1)  # of one day, by `late_days`
    chosen.vendor.requests.clear()
    tables = chosen.pull(date(2026, 3, 4))
    assert (tables["contacts"]["rows_in"], tables["contacts"]["rows_landed"]) == (1, 0)
    statuses = [r.path for r in chosen.vendor.requests if "/statuses/" in r.path]
    assert statuses == ["/communication-preferences/v4/statuses/ben%40example.com"]


def test_a_search_never_counts_beyond_what_it_shows(choices, monkeypatch):
    monkeypatch.setattr(hubspot, "MOST_FOUND", 4)
    chosen = choices(Api())
    assert chosen.pull()["contacts"]["rows_landed"] == 6


def test_who_is_archived_is_known_and_who_is_restored_is_back(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.archive("contacts", 203, "2026-03-02T12:00:00Z")
    chosen.vendor.archive("contacts", 204, "2026-03-02T12:00:00Z")
    chosen.vendor.archive("deals", 303, "2026-03-02T12:00:00Z")
    chosen.pull(NEXT)
    assert chosen.project.rows(LIVING.format("archived_contacts", "false")) == [{"id": "203"}, {"id": "204"}]
    assert chosen.project.rows(LIVING.format("deals", "true")) == [{"id": "303"}]
    chosen.vendor.restore("contacts", 203)
    chosen.pull(date(2026, 3, 4))
    assert chosen.project.rows(LIVING.format("archived_contacts", "false")) == [{"id": "204"}]


def test_a_contact_without_an_address_is_asked_nothing_about(choices):
    chosen = choices(Api())
    chosen.pull()
    assert len([r for r in chosen.vendor.requests if "/statuses/" in r.path]) == 5


def test_the_limit_of_a_second_is_waited_for(choices):
    chosen = choices(Api())
    chosen.vendor.busy = [hubspot.limit("SECONDLY")]
    assert chosen.pull()["contacts"]["rows_landed"] == 6


def test_the_limit_of_a_day_ends_the_table_and_keeps_nothing_of_it(choices, monkeypatch):
    monkeypatch.setattr("connectors.kinds.http.ATTEMPTS", 1)
    chosen = choices(Api())
    chosen.vendor.busy = [hubspot.limit("DAILY")]
    tables = chosen.try_pull()
    assert tables["contacts"]["error_kind"] == "RetryableError" and "429" in tables["contacts"]["error"]
    assert chosen.pull()["contacts"]["rows_landed"] == 6


def test_a_wrong_token_is_told_and_not_shown(choices, monkeypatch):
    chosen = choices(Api())
    monkeypatch.setenv("FAIRLEAD_HUBSPOT_TOKEN", "pat-eu1-wrong")
    tables = chosen.try_pull()
    assert {entry["error_kind"] for entry in tables.values()} == {"ConfigError"}
    assert "401" in str(tables) and "pat-eu1-wrong" not in str(tables)


@pytest.mark.skipif(not recorded.available("hubspot"), reason="../shared/specs/recorded is not there")
def test_the_fake_answers_as_the_recorded_server_did():
    search = [e for e in recorded.exchanges("hubspot") if e.path.endswith("CONTACT/search")]
    found = next(e.response_body for e in search if e.status == 200 and e.response_body["total"])
    busy = next(e.response_body for e in search if e.status == 429)
    api = Api()
    body = {"filterGroups": [{"filters": []}], "properties": ["email", "hs_object_id"], "limit": 1}
    ours = api._search("contacts", body).content
    assert set(found) <= set(ours) and set(found["results"][0]) == set(ours["results"][0])
    assert set(busy) <= set(hubspot.limit("SECONDLY").content) and busy["category"] == "RATE_LIMITS"
