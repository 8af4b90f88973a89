"""A day that has not begun: refused by every command that takes one, insisted on with a reason, said where it was,
taken back.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from core.clock import today
from core.settings import Settings, load_settings
from core.warehouse import connect
from fairlead import app

DAY, WRONG = date(2026, 3, 29), date(2099, 3, 29)
TAKE_A_DAY = ("run", "pull", "resolve", "build", "train", "score", "plan", "push", "retry", "summary", "rewind")


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLEAD_PROJECT__TIME_ZONE", "Pacific/Pago_Pago")
    return load_settings()


def run_command(*words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout)


def load_tables(settings: Settings, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in tables.items():
        with connect(settings, writer=table.split(".")[0]) as db:
            db.load(table, pa.Table.from_pylist(rows), mode="create")
            db.load(table, pa.Table.from_pylist(rows), mode="replace")


@pytest.mark.parametrize("command", TAKE_A_DAY)
def test_a_day_later_than_today_is_refused_with_what_and_the_mend(settings, command):
    code, answer = run_command(command, "--day", str(WRONG))
    assert (code, answer["kind"]) == (2, "ConfigError")
    for words in (str(WRONG), str(today(settings)), "Pacific/Pago_Pago", "set the clock", "--future-day"):
        assert words in answer["error"]
    assert not settings.duckdb_path.exists(), "nothing was begun"


def test_today_is_the_projects_and_not_the_machines(settings, monkeypatch):
    """At every instant Kiritimati's date is later than Pago Pago's."""
    kiritimati_day = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    assert "later than today" in run_command("plan", "--day", str(kiritimati_day))[1]["error"]
    monkeypatch.setenv("FAIRLEAD_PROJECT__TIME_ZONE", "Pacific/Kiritimati")
    assert "later than today" not in run_command("plan", "--day", str(kiritimati_day))[1]["error"]


def test_one_that_is_meant_goes_on_and_stands_in_the_log_with_its_reason(settings):
    _, answer = run_command("plan", "--day", str(WRONG), "--future-day", "the fiscal year's rehearsal")
    assert answer["error"].startswith("FL410"), "nothing is built here, which is the next thing to say"
    assert "later than today" in run_command("plan", "--day", str(WRONG), "--future-day", " ")[1]["error"]
    with connect(settings) as db:
        (row,) = db.query("select day, detail from ops.runs where step = 'future_day'").to_pylist()
    detail = json.loads(row["detail"])
    assert (row["day"], detail) == (WRONG, {"reason": "the fiscal year's rehearsal", "today": str(today(settings))})


@pytest.fixture
def ahead(settings) -> Settings:
    """What a night of a wrong day leaves, but for the marts that dbt takes back."""
    pulled_at = datetime(2026, 3, 29, 22)
    load_tables(settings, {
        "raw.pulls": [{"source": "shop", "table_name": "orders", "day": WRONG, "file": "", "fingerprint": "7",
                       "pulled_at": pulled_at,
                       "rows_in": 1, "rows_landed": 1, "rows_rejected": 0, "rows_unchanged": 0}],
        "raw.rejects": [{"day": WRONG, "rejected_at": pulled_at, "source": "shop", "table_name": "orders",
                         "reason": "r"}],
        "raw.shop__orders": [{"order_id": "1", "_day": WRONG, "_pulled_at": pulled_at},
                             {"order_id": "2", "_day": DAY, "_pulled_at": pulled_at}],
        "identity.merges": [{"merged_person_id": "b", "person_id": "a", "merged_day": WRONG, "because": "",
                             "merged_into": "a"}],
        "identity.issued": [{"person_id": "a", "founder": "a", "first_seen_day": DAY, "issued_day": DAY},
                            {"person_id": "c", "founder": "c", "first_seen_day": WRONG, "issued_day": WRONG}],
        "scores.models": [{"model": "m", "version": v, "trained_day": d, "promoted": True, "champion": d == WRONG,
                           "reasons": "",
                           "metrics": "{}", "baseline": "{}", "card_path": ""} for v, d in (("1", DAY), ("2", WRONG))],
        "scores.m": [{"person_id": "a", "as_of_day": d} for d in (DAY, WRONG)],
    })  # fmt: skip
    import activation.jobs

    activation.jobs.ensure(settings)
    with connect(settings, writer="activation") as db:
        for run, day in (("1", DAY), ("2", WRONG)):
            db.execute(
                "insert into activation.runs (run_id, sync, day, outcome, started_at) values ($1, 's__c', $2, 'done', "
                "$3)",
                [run, day, pulled_at],
            )
        db.execute("insert into activation.delivered (sync, record_key, run_id) values ('s__c', 'c', '2')")
    return settings


def test_summary_and_doctor_say_what_is_ahead_and_rewind_shows_it_before_it_takes_it_back(ahead):
    code, summary = run_command("summary", "--day", str(DAY))
    assert (code, len(summary["ahead"])) == (0, 5)
    assert any("raw.shop__orders is ahead: 1 rows up to 2099-03-29" in line for line in summary["ahead"])
    assert all(f"fairlead rewind --day {today(ahead)}" in line for line in summary["ahead"])
    (days,) = [c for c in run_command("doctor")[1]["checks"] if c["check"] == "days"]
    assert not days["ok"] and "activation.runs" in days["detail"] and "rewind" in days["mend"]
    code, preview = run_command("rewind", "--day", str(DAY))
    assert (code, preview["applied"]) == (0, False)
    tables = {part["table"]: part["rows"] for part in preview["parts"]}
    assert tables == dict.fromkeys(
        ("raw.shop__orders", "raw.rejects", "raw.pulls", "identity.merges", "identity.issued", "scores.models",
         "scores.m",
         "activation.runs"), 1)  # fmt: skip
    (merges,) = [part["what"] for part in preview["parts"] if part["table"] == "identity.merges"]
    assert "who was merged enters anew" in merges, "what a rewind cannot give back is said before it is done"
    code, result = run_command("rewind", "--day", str(DAY), "--apply")
    assert (code, result["parts"]) == (0, preview["parts"])
    assert run_command("rewind", "--day", str(DAY))[1]["parts"] == []
    assert run_command("summary", "--day", str(DAY))[1]["ahead"] == []
    assert [c["ok"] for c in run_command("doctor")[1]["checks"] if c["check"] == "days"] == [True]


def test_after_a_rewind_the_older_version_is_the_champion_and_what_was_sent_is_not_forgotten(ahead):
    run_command("rewind", "--day", str(DAY), "--apply")
    with connect(ahead) as db:
        assert db.query("select version, champion from scores.models").to_pylist() == [
            {"version": "1", "champion": True}
        ]
        assert db.query("select count(*) as n from activation.delivered")["n"].to_pylist() == [1]
        runs = db.query(
            "select run_id, rewound_at is not null as rewound from activation.runs order by run_id"
        ).to_pylist()
        days = db.query('select order_id, _day from raw."shop__orders" order by order_id')["_day"].to_pylist()
    assert runs == [{"run_id": "1", "rewound": False}, {"run_id": "2", "rewound": True}]
    assert days == [DAY, DAY], "pulled at eleven in the morning of that day, in Pago Pago"


def test_doctor_says_it_where_the_clock_is_behind_what_was_done_here(ahead):
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=365)
    with connect(ahead, writer="activation") as db:
        db.execute("update activation.runs set started_at = $1", [later])
    (clock,) = [c for c in run_command("doctor")[1]["checks"] if c["check"] == "clock"]
    assert not clock["ok"] and f"{later:%Y-%m-%d}" in clock["detail"] and "NTP" in clock["mend"]
