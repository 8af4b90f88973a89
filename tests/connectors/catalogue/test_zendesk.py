"""Zendesk through its connector: exports to their end, what has changed, deleted tickets, limits and a wrong token."""

from datetime import date

import pytest
from support import recorded
from support.sources import zendesk
from support.sources.zendesk import Api

NEXT = date(2026, 3, 3)


def test_every_export_is_read_to_its_end(choices):
    chosen = choices(Api())
    tables = chosen.pull()
    assert {name: entry["rows_landed"] for name, entry in tables.items()} == {
        "tickets": 5, "users": 4, "satisfaction_ratings": 2,
    }  # fmt: skip
    assert [q.get("start_time") for q in chosen.vendor.asked("tickets/cursor.json")] == ["946684800", None, None]
    row = chosen.raw("tickets", "id, requester_id, satisfaction_score, solved_at", "id")[2]
    assert (row["id"], row["requester_id"], row["satisfaction_score"]) == ("35438", "11", "good")
    assert str(row["solved_at"]) == "2026-02-14 09:00:00"


def test_only_what_has_changed_is_asked_for_again(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.ticket_is(35436, "2026-03-02T20:00:00Z", status="open")
    chosen.vendor.user_says(12, "2026-03-02T20:00:00Z", phone="+44 20 7946 0011")
    tables = chosen.pull(NEXT)
    assert (tables["tickets"]["rows_landed"], tables["users"]["rows_landed"]) == (1, 1)
    tables = chosen.pull(date(2026, 3, 4))
    assert (tables["tickets"]["rows_in"], tables["users"]["rows_in"]) == (1, 1)


def test_a_ticket_that_is_deleted_says_so_though_it_was_not_updated(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.delete_ticket(35437, "2026-03-02T20:00:00Z")
    assert chosen.pull(NEXT)["tickets"]["rows_landed"] == 1
    assert chosen.raw("tickets", "id, status", "_day desc, id")[0] == {"id": "35437", "status": "deleted"}


def test_a_rating_that_was_changed_within_the_month_is_seen(choices):
    chosen = choices(Api())
    chosen.pull()
    chosen.vendor.rate(63, "2026-03-02T20:00:00Z", ticket=35439, requester=12, score="good", comment="Sorry, good")
    assert chosen.pull(NEXT)["satisfaction_ratings"]["rows_landed"] == 1


def test_the_limit_of_ten_a_minute_is_waited_for(choices):
    chosen = choices(Api())
    chosen.vendor.busy = [zendesk.LIMIT]
    assert chosen.pull()["tickets"]["rows_landed"] == 5


def test_a_wrong_token_is_told_and_not_shown(choices, monkeypatch):
    chosen = choices(Api())
    monkeypatch.setenv("FAIRLEAD_ZENDESK_TOKEN", "wrong-token")
    tables = chosen.try_pull()
    assert {entry["error_kind"] for entry in tables.values()} == {"ConfigError"}
    assert "401" in str(tables) and "wrong-token" not in str(tables)


@pytest.mark.skipif(not recorded.available("zendesk"), reason="../shared/specs/recorded is not there")
def test_the_fake_speaks_as_the_recorded_server_did():
    answers = recorded.exchanges("zendesk")
    user = next(e.response_body["user"] for e in answers if e.status == 201 and "user" in e.response_body)
    busy = next(e for e in answers if e.status == 429)
    assert set(next(iter(Api().users.values()))) <= set(user)
    assert busy.response_headers["Content-Type"] == zendesk.LIMIT.headers["Content-Type"]
    assert busy.response_headers["Retry-After"].isdigit() and isinstance(busy.response_body, str)
