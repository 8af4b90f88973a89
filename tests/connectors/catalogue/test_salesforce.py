"""Salesforce through its connector: pages, what has changed, the bin, tokens, limits and a wrong secret."""

from datetime import date

import pytest
from support import recorded
from support.sources import salesforce
from support.sources.salesforce import Api

NEXT = date(2026, 3, 3)


def test_every_page_brings_every_record_once_and_one_token_serves_all(choices):
    chosen = choices(Api())
    tables = chosen.pull()
    assert {name: entry["rows_landed"] for name, entry in tables.items()} == {
        "contacts": 3, "leads": 2, "accounts": 1, "opportunities": 3,
    }  # fmt: skip
    assert not any(entry.get("columns_added") for entry in tables.values()) and chosen.vendor.issued == 1
    row = chosen.raw("contacts", "id, email__normalised, has_opted_out_of_email, birthdate, system_modstamp")[1]
    assert (row["id"], row["email__normalised"], row["has_opted_out_of_email"]) == ("0032", "ben@example.com", "true")
    assert str(row["system_modstamp"]) == "2026-02-15 10:00:00" and str(row["birthdate"]) == "1990-02-28"


def test_only_what_has_changed_is_asked_for_again(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.put("Contact", "0033", "2026-03-02T20:00:00.000+0000", LastName="Jones")
    assert chosen.pull(NEXT)["contacts"]["rows_landed"] == 1
    entry = chosen.pull(date(2026, 3, 4))["contacts"]
    assert (entry["rows_in"], entry["rows_unchanged"]) == (1, 1)


def test_what_lies_in_the_bin_is_known_as_deleted(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.delete("Contact", "0032", "2026-03-02T20:00:00.000+0000")
    chosen.pull(NEXT)
    rows = chosen.raw("contacts", "id, is_deleted, has_opted_out_of_email", "_day desc, id")
    assert rows[0] == {"id": "0032", "is_deleted": True, "has_opted_out_of_email": "true"}


def test_a_token_that_ran_out_is_fetched_anew(choices):
    chosen = choices(Api())
    reads = []

    def read_once(request):
        reads.append(request)
        if len(reads) == 1:
            chosen.vendor.expire()
        return Api.read(chosen.vendor, request)

    chosen.vendor.read = read_once
    assert chosen.pull()["contacts"]["rows_landed"] == 3 and chosen.vendor.issued == 2


def test_the_limit_of_requests_is_waited_for_and_told_as_what_it_is(choices, monkeypatch):
    chosen = choices(Api())
    chosen.vendor.busy = [salesforce.LIMIT]
    assert chosen.pull()["contacts"]["rows_landed"] == 3
    monkeypatch.setattr("connectors.kinds.http.ATTEMPTS", 1)
    chosen.vendor.busy = [salesforce.LIMIT]
    entry = chosen.try_pull(NEXT)["contacts"]
    assert entry["error_kind"] == "RetryableError" and "403" in entry["error"] and "limit" in entry["error"]


def test_a_wrong_secret_is_told_and_not_shown(choices, monkeypatch):
    chosen = choices(Api())
    monkeypatch.setenv("FAIRLEAD_SALESFORCE_SECRET", "wrong-secret")
    tables = chosen.try_pull()
    assert {entry["error_kind"] for entry in tables.values()} == {"ConfigError"}
    assert "FAIRLEAD_SALESFORCE_SECRET" in str(tables) and "wrong-secret" not in str(tables)


def test_a_field_that_the_account_does_not_have_ends_its_table_alone(choices):
    chosen = choices(Api())
    file = chosen.project.root / "connectors/sources/salesforce.yml"
    file.write_text(file.read_text().replace("SELECT Id, IsDeleted, AccountId, ContactId", "SELECT Id, Nonsense__c"))
    tables = chosen.try_pull()
    assert "400" in tables["opportunities"]["error"] and "No such column" in tables["opportunities"]["error"]
    assert "error" not in tables["contacts"]


@pytest.mark.skipif(not recorded.available("salesforce"), reason="../shared/specs/recorded is not there")
def test_the_fake_refuses_as_the_recorded_server_did():
    refused = next(e for e in recorded.exchanges("salesforce") if e.status == 404)
    ours = Api().read(salesforce.Request("GET", "/services/data/v62.0/sobjects/Contact/1", {}, {}, b""))
    assert (ours.status, set(ours.content[0])) == (refused.status, set(refused.response_body[0]))
    assert ours.content[0]["errorCode"] == refused.response_body[0]["errorCode"]
