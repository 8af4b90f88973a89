"""Mailchimp through its connector: pages, what has changed, what goes on after a campaign, limits and a wrong key."""

import json
from datetime import date
from pathlib import Path

import pytest
from support import recorded
from support.sources import mailchimp
from support.sources.mailchimp import Api

NEXT = date(2026, 3, 3)
DESCRIPTION = Path(__file__).resolve().parents[4] / "shared/specs/mailchimp/marketing-merged.swagger.json"


def test_every_page_of_every_audience_and_campaign_is_read(choices):
    chosen = choices(Api())
    tables = chosen.pull()
    assert {name: entry["rows_landed"] for name, entry in tables.items()} == {
        "lists": 2, "members": 5, "archived_members": 1, "reports": 2, "email_activity": 4, "unsubscribes": 1,
        "abuse_reports": 1,
    }  # fmt: skip
    assert not any(entry.get("columns_added") for entry in tables.values())
    row = chosen.raw(
        "email_activity", "campaign_id, email_address__normalised, activity, campaign_sent_at", "email_id"
    )[1]
    assert (
        row["email_address__normalised"] == "ann@example.com" and str(row["campaign_sent_at"]) == "2026-02-20 10:00:00"
    )
    assert [item["action"] for item in json.loads(row["activity"])] == ["open", "click"]
    row = chosen.raw("members", "id, list_id, timestamp_opt, timestamp_signup, sms_phone_number__normalised")[4]
    assert (row["list_id"], row["timestamp_signup"], row["sms_phone_number__normalised"]) == (
        "l2",
        None,
        "+442079460011",
    )


def test_only_members_that_have_changed_are_asked_for_again(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.member("l1", "ann", "2026-03-02T20:00:00+00:00", status="unsubscribed")
    assert chosen.pull(NEXT)["members"]["rows_landed"] == 1
    entry = chosen.pull(date(2026, 3, 4))["members"]
    assert (entry["rows_in"], entry["rows_unchanged"]) == (1, 1)
    assert chosen.vendor.asked("l1/members")[-2]["since_last_changed"] == "2026-03-01T20:00:00Z"


def test_what_becomes_of_an_e_mail_is_followed_for_a_month(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.happens("c2", "ben", "open", "2026-03-02T20:00:00+00:00")
    chosen.vendor.happens("c1", "ann", "open", "2026-03-02T20:00:00+00:00")  # a campaign of November
    chosen.vendor.campaign("c3", "2026-03-02T09:00:00+00:00", ["dan"])
    chosen.vendor.requests.clear()
    tables = chosen.pull(NEXT)
    assert (tables["email_activity"]["rows_landed"], tables["reports"]["rows_landed"]) == (2, 1)
    asked = {r.path for r in chosen.vendor.requests if r.path.endswith("/email-activity")}
    assert asked == {"/3.0/reports/c2/email-activity", "/3.0/reports/c3/email-activity"}


def test_who_is_archived_moves_to_the_archived(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.member("l1", "ben", "2026-03-02T20:00:00+00:00", status="archived")
    assert chosen.pull(NEXT)["archived_members"]["rows_landed"] == 1
    rows = chosen.raw("archived_members", "id, status", "_day desc, id")
    assert rows[0] == {"id": "hben", "status": "archived"}


def test_the_limit_of_connections_is_waited_for(choices):
    chosen = choices(Api())
    chosen.vendor.busy = [mailchimp.LIMIT]
    assert chosen.pull()["members"]["rows_landed"] == 5


def test_a_wrong_key_is_told_and_not_shown(choices, monkeypatch):
    chosen = choices(Api())
    monkeypatch.setenv("FAIRLEAD_MAILCHIMP_TOKEN", "wrong-us3")
    tables = chosen.try_pull()
    assert {entry["error_kind"] for entry in tables.values()} == {"ConfigError"}
    assert "401" in str(tables) and "wrong-us3" not in str(tables)


@pytest.mark.skipif(not recorded.available("mailchimp"), reason="../shared/specs/recorded is not there")
def test_the_fake_shows_members_and_errors_as_the_recorded_server_did():
    answers = recorded.exchanges("mailchimp")
    member = next(e.response_body for e in answers if e.method == "PUT" and e.status == 200)
    refused = next(e.response_body for e in answers if e.status == 404)
    ours = Api().members["l1", "ann"]
    since_then = {"sms_phone_number", "sms_subscription_status", "sms_subscription_last_updated"}
    assert set(ours) - since_then <= set(member) and set(mailchimp.LIMIT.content) == set(refused)
    assert member["timestamp_signup"] == ours["timestamp_signup"] == ""


@pytest.mark.skipif(not DESCRIPTION.exists(), reason="../shared/specs/mailchimp is not there")
def test_what_is_asked_stands_in_the_vendors_description(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.pull(NEXT)
    paths = json.loads(DESCRIPTION.read_text())["paths"]
    for request in chosen.vendor.requests:
        kind, *rest = request.path.removeprefix("/3.0/").split("/")
        name = "/".join(["", kind, *(["{list_id}" if kind == "lists" else "{campaign_id}", *rest[1:]] if rest else [])])
        known = {parameter["name"] for parameter in paths[name]["get"]["parameters"] if "name" in parameter}
        assert set(request.query) <= known, name
