"""The main job, seen from outside: two nights of the sample shop through the command line."""

import csv
import hashlib
import json
from typing import Any

import pytest
from support.aggregates import differences

KEPT = {
    "pull": {"source", "table", "rows_in", "rows_landed", "rows_rejected", "rows_unchanged", "seconds"},
    "train": {"model", "version", "promoted", "reasons", "metrics", "baseline"},
    "score": {"model", "version", "rows", "seconds"},
    "plan": {"sync", "channel", "audience", "adds", "updates", "removes", "unchanged", "held_back", "api_calls",
             "minutes", "guards"},
    "push": {"sync", "channel", "attempted", "accepted", "rejected", "in_doubt", "skipped", "seconds"},
}  # fmt: skip


def step_of(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(s for s in answer["steps"] if s["step"].startswith(name))


def test_both_nights_end_well_and_say_each_step_in_order(shop) -> None:
    for night in ("night 1", "night 2"):
        steps = [s["step"] for s in shop.answers[night]["steps"]]
        assert steps == [
            "pull", "resolve", "build --stage before-scores", "train --missing", "score",
            "build --stage after-scores", "plan", "push",
        ]  # fmt: skip
        assert shop.answers[night]["ok"]


@pytest.mark.parametrize(
    ("step", "part"),
    [("pull", "sources"), ("train", "models"), ("score", "models"), ("plan", "syncs"), ("push", "syncs")],
)
def test_the_json_objects_hold_the_kept_names(shop, step: str, part: str) -> None:
    answer = step_of(shop.answers["night 1"], step)
    assert {"day", "ok"} <= set(answer)
    assert answer[part]
    for row in answer[part]:
        assert set(row) >= KEPT[step]


def test_rows_in_are_landed_rejected_or_unchanged_for_every_table(shop) -> None:
    for answer in (
        shop.answers["backfill"],
        step_of(shop.answers["night 1"], "pull"),
        step_of(shop.answers["night 2"], "pull"),
    ):
        for row in answer["sources"]:
            assert row["rows_in"] == row["rows_landed"] + row["rows_rejected"] + row["rows_unchanged"], row
    rejected = sum(r["rows_rejected"] for r in shop.answers["backfill"]["sources"])
    assert rejected > 0, "the sample shop is dirty: nothing rejected means that nothing was checked"
    landed = shop.rows("select count(*) from raw.sample_shop__till_lines")[0][0]
    pulls = [shop.answers[a].get("sources") or step_of(shop.answers[a], "pull")["sources"]
             for a in ("backfill", "night 1", "night 2")]  # fmt: skip
    lines = [r for pull in pulls for r in pull if (r["source"], r["table"]) == ("sample_shop", "till_lines")]
    said = sum(r["rows_landed"] for r in lines)
    assert landed == said


def test_no_rejected_value_shows_an_address(shop) -> None:
    shown = [r[0] for r in shop.rows("select distinct value from raw.rejects where value is not null")]
    assert not [v for v in shown if "@" in v and "…" not in v]


def test_every_segment_has_history_and_most_have_people(shop) -> None:
    sizes = dict(shop.rows("select segment, count(*) from marts.segment_membership where left_day is null group by 1"))
    names = {
        p.stem.removeprefix("segment__")
        for p in (shop.project / "dbt_project/models/marts/segments").glob("segment__*.sql")
    }
    assert len(names) >= 15
    assert set(sizes) <= names
    assert len(sizes) >= 12


def test_an_audience_is_decided_once_for_each_person_and_sync(shop) -> None:
    assert shop.rows(
        "select count(*) from (select sync, person_id from marts.audiences group by 1, 2 having count(*) > 1)"
    ) == [(0,)]
    assert shop.rows("select count(*) from marts.audiences where included <> (reason = 'included')") == [(0,)]


def test_nobody_without_consent_is_in_an_outbox(shop) -> None:
    allowed = {
        tuple(r)
        for r in shop.rows(
            "select s.sync, c.person_id from activation.syncs as s inner join marts.contactability as c"
            " on c.channel = s.contact_channel and c.purpose = s.purpose and c.allowed",
        )
    }
    delivered = [
        tuple(r)
        for r in shop.rows(
            "select d.sync, d.record_key from activation.delivered as d"
            " inner join activation.syncs as s on s.sync = d.sync"
            " where d.status = 'delivered' and s.contact_channel <> 'none' and s.feed is null"
        )
    ]
    events = [
        tuple(r)
        for r in shop.rows(
            "select d.sync, f.person_id from activation.delivered as d"
            " inner join activation.syncs as s on s.sync = d.sync"
            " left join marts.feed_audiences as f on f.sync = d.sync and f.event_id = d.record_key"
            " where d.status = 'delivered' and s.contact_channel <> 'none' and s.feed is not null"
        )
    ]
    assert delivered and events
    assert not (set(delivered) | set(events)) - allowed


def test_every_purchase_of_the_last_week_that_may_be_told_is_told_once(shop) -> None:
    told = []
    for path in sorted((shop.home / "outbox" / "purchases__csv_outbox").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as lines:
            told += [(r["op"], r["event_id"]) for r in csv.DictReader(lines)]
    assert {op for op, _ in told} == {"add"}
    assert len(told) == len(set(told))
    wanted = {r[0] for r in shop.rows("select event_id from marts.feed_audiences where included")}
    assert wanted and wanted <= {event for _, event in told}
    newest = shop.rows("select min(occurred_at), max(occurred_at) from marts.feed_audiences where included")[0]
    assert str(newest[0])[:10] >= "2026-03-21" and str(newest[1])[:10] <= "2026-03-29"
    assert shop.rows(
        "select count(*) from marts.feed_audiences where sync not in (select sync from activation.syncs)"
    ) == [(0,)]


def test_the_outbox_holds_what_the_ledger_says(shop) -> None:
    manifests = sorted((shop.home / "outbox").rglob("*.json"))
    assert manifests
    written = 0
    for path in (shop.home / "outbox").rglob("*.csv"):
        with path.open(newline="", encoding="utf-8") as lines:
            written += sum(1 for _ in csv.DictReader(lines))
    said = sum(
        r["accepted"]
        for n in ("night 1", "night 2")
        for r in step_of(shop.answers[n], "push")["syncs"]
        if r["channel"] == "csv_outbox"
    )
    assert written == said > 0


def test_why_tells_a_delivered_person_everything(shop) -> None:
    people = "select sync from activation.syncs where segment is not null"
    person = shop.rows(
        "select record_key from activation.delivered"
        f" where status = 'delivered' and sync in ({people}) order by 1 limit 1"
    )[0][0]
    answer = shop.fairlead("why", person)
    assert set(answer) >= {"person_id", "profile", "identifiers", "segments", "scores", "consents", "deliveries"}
    assert answer["deliveries"] and answer["segments"] and answer["identifiers"]
    buyer = shop.rows("select person_id from marts.feed_audiences where included order by 1 limit 1")[0][0]
    assert {"included"} <= {e["reason"] for e in shop.fairlead("why", buyer)["events"] if e["status"] == "delivered"}
    email = next(i["identifier"] for i in answer["identifiers"] if i["kind"] == "email")
    assert shop.fairlead("why", email.removeprefix("email:"))["person_id"] == person


def test_check_reconciles_the_shops_revenue_with_its_own_sums(shop) -> None:
    answer = shop.fairlead("check", "sample_shop")
    assert answer["ok"] and len(answer["revenue"]) > 9
    assert sum(abs(month["difference"]) for month in answer["revenue"]) < 1
    assert all(j["share"] == 1 for j in answer["joins"] if j["column"] in ("order_key", "product_key"))
    assert {"email"} <= {row["channel"] for row in answer["consents"] if row["allowed"]}
    page = shop.fairlead("check", "nothing", ok=False)
    assert "No source nothing" in page["error"]


def test_the_summary_says_what_a_marketer_asks(shop) -> None:
    answer = shop.fairlead("summary", "--day", "2026-03-28")
    for part in ("sources", "rejects", "people", "segments", "models", "channels", "held_back"):
        assert answer[part], part
    assert len(answer["next_steps"]) == 3


def test_the_same_night_twice_changes_nothing(shop) -> None:
    before = shop.digest()
    files = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in (shop.home / "outbox").rglob("*") if p.is_file()}
    again = shop.fairlead("run", "--day", "2026-03-29")
    assert all(r["rows_landed"] == 0 for r in step_of(again, "pull")["sources"])
    assert all(r["attempted"] == 0 for r in step_of(again, "push")["syncs"])
    assert shop.digest() == before
    assert {
        p: hashlib.sha256(p.read_bytes()).hexdigest() for p in (shop.home / "outbox").rglob("*") if p.is_file()
    } == files


def test_ops_runs_has_a_row_for_every_step_with_its_rows(shop) -> None:
    logged = shop.rows(
        "select step, outcome, rows_in, rows_out, rows_rejected from ops.runs where day = date '2026-03-28'"
    )
    assert {r[0] for r in logged} >= {
        "pull",
        "resolve",
        "build.before-scores",
        "score",
        "build.after-scores",
        "plan",
        "push",
    }
    assert {r[1] for r in logged} == {"ok"}
    pulls = [r for r in logged if r[0] == "pull"]
    assert pulls and all(r[2] >= r[3] + r[4] for r in pulls)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pull", "no_such_source", "--day", "2026-03-29"], "no_such_source"),
        (["push", "no_such_sync", "--day", "2026-03-29"], "no_such_sync"),
        (["score", "no_such_model", "--day", "2026-03-29"], "no_such_model"),
        (["why", "nobody@nowhere.example"], "Nobody answers"),
        (["query", "select * from nothing"], "nothing"),
        (["query", "drop table marts.profiles"], "that reads is run"),
    ],
)
def test_wrong_words_exit_with_what_and_the_mend(shop, words: list[str], said: str) -> None:
    answer = shop.fairlead(*words, ok=False)
    assert not answer["ok"]
    assert said in json.dumps(answer)


def test_doctor_finds_nothing_wrong_with_a_sound_home(shop) -> None:
    faults = [c for c in shop.fairlead("doctor")["checks"] if not c["ok"]]
    assert not faults


def test_profiles_hold_day_d_of_what_features_hold_for_everybody(shop) -> None:
    different, compared = differences(shop, "2026-03-29")
    assert not different and compared >= 15, (different, compared)


def test_no_table_holds_numbers_of_128_bits(shop) -> None:
    """DuckDB sums in them, and reads a column of them thirty times as slowly as one of 64: `total` is for that."""
    wide = shop.rows(
        """select c.schema_name || '.' || c.table_name || '.' || c.column_name
        from duckdb_columns() as c inner join duckdb_tables() as t using (schema_name, table_name)
        where c.data_type like '%HUGEINT' or (c.data_type like 'DECIMAL%' and c.numeric_precision > 18)"""
    )
    assert not wide
