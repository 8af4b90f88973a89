"""Real data: UCI Online Retail, 305 daily files, pulled as a company would: a backfill, then nights.

Facts are those of ../shared/data/README.md.
"""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.shop import fairlead

BACKFILL = ("2010-12-01", "2011-08-31")
NIGHTS = ("2011-09-01", "2011-09-02")
LAST = "2011-12-09"


@pytest.fixture(scope="module")
def retail(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The backfill and the September nights; then the rest of the year pulled and built, without a push."""
    home = tmp_path_factory.mktemp("retail")
    files = str(shared / "data" / "online_retail")
    # the sample was never made, and so is off: switched off by name it would take its syncs along
    other_sources_off = {f"FAIRLEAD_SOURCES__{s}__ENABLED": "false" for s in ("SEGMENT_EVENTS", "SENDGRID_EVENTS")}
    environment = {"FAIRLEAD_SOURCES__ONLINE_RETAIL__PATH": files, **other_sources_off}

    def run(*words: str, ok: bool = True) -> dict[str, Any]:
        return fairlead(home, *words, ok=ok, **environment)

    answers = {"backfill": run("pull", "online_retail", "--from", BACKFILL[0], "--to", BACKFILL[1])}
    answers |= {night: run("run", "--day", night) for night in NIGHTS}
    answers["rest"] = run("pull", "online_retail", "--from", "2011-09-03", "--to", LAST)
    answers["resolve"] = run("resolve", "--day", LAST)
    answers["build"] = run("build", "--day", LAST, "--stage", "before-scores")
    return {"home": home, "run": run, "answers": answers, "files": Path(files)}


def one(retail: dict[str, Any], sql: str) -> Any:
    return retail["run"]("query", sql)["rows"][0][0]


def lines_of(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with path.open(newline="", encoding="utf-8") as lines:
            total += sum(1 for _ in csv.reader(lines)) - 1
    return total


def pulled(answer: dict[str, Any]) -> dict[str, Any]:
    return next(r for r in answer["sources"] if (r["source"], r["table"]) == ("online_retail", "lines"))


def test_landed_and_rejected_are_the_lines_of_the_files(retail) -> None:
    row = pulled(retail["answers"]["backfill"])
    paths = [p for p in retail["files"].glob("*.csv") if BACKFILL[0] <= p.stem <= BACKFILL[1]]
    assert row["rows_in"] == row["rows_landed"] + row["rows_rejected"] == lines_of(paths)
    assert (
        one(retail, "select count(*) from raw.online_retail__lines") + one(retail, "select count(*) from raw.rejects")
        == 541_909
    )


@pytest.mark.parametrize(
    ("fact", "sql", "value"),
    [
        ("customers with an id", "select count(distinct customer_id) from raw.online_retail__lines", 4_372),
        (
            "lines without a customer",
            "select count(*) from raw.online_retail__lines where customer_id is null",
            135_080,
        ),
        ("countries", "select count(distinct country) from raw.online_retail__lines", 38),
        ("negative quantities", "select count(*) from raw.online_retail__lines where quantity < 0", 10_624),
        ("people", "select count(*) from identity.people", 4_372),
    ],
)
def test_the_facts_hold_over_all_305_days(retail, fact: str, sql: str, value: int) -> None:
    assert one(retail, sql) == value, fact


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(quantity * unit_price) from raw.online_retail__lines",
        "select sum(revenue) from marts.order_lines",
        "select sum(revenue) from marts.orders",
    ],
)
def test_the_money_adds_up_in_raw_lines_and_orders(retail, sql: str) -> None:
    assert abs(Decimal(str(one(retail, sql))) - Decimal("9747747.93")) < Decimal("0.01")


def test_a_credit_note_is_a_return_and_no_order(retail) -> None:
    notes = one(retail, "select count(distinct invoice_no) from raw.online_retail__lines where invoice_no like 'C%'")
    assert notes > 0
    assert one(retail, "select count(*) from marts.orders where is_return") == notes
    assert one(retail, "select count(*) from marts.orders where order_key like '%:C%' and not is_return") == 0
    assert one(retail, "select count(*) from marts.orders where is_return and is_sale") == 0


def test_lines_without_a_customer_are_anonymous_orders_and_make_no_profile(retail) -> None:
    assert one(retail, "select count(*) from marts.orders where person_ref is null") > 1_000
    assert one(retail, "select count(*) from marts.orders where person_ref is null and person_id is not null") == 0
    assert one(retail, "select count(*) from marts.orders where person_ref is not null and person_id is null") == 0


@pytest.mark.parametrize("model", ["churn_90d", "value_180d"])
def test_a_model_beats_its_baseline_or_says_that_it_is_not_promoted(retail, model: str) -> None:
    night = next(s for s in retail["answers"][NIGHTS[0]]["steps"] if s["step"].startswith("train"))
    trained = next(m for m in night["models"] if m["model"] == model)
    if trained["promoted"]:
        assert trained["metrics"] and trained["baseline"]
        assert one(retail, f"select count(*) from scores.{model}") > 1_000
    else:
        assert trained["reasons"]
        assert one(retail, f"select count(*) from scores.{model}") == 0


def test_audiences_reach_the_outbox_and_nobody_is_addressed_without_consent(retail) -> None:
    """The data has no addresses and no consents: internal lists go out, what would contact people is held back."""
    kinds = dict(
        retail["run"]("query", "select sync, contact_channel from activation.syncs where channel = 'csv_outbox'")[
            "rows"
        ]
    )
    first = next(s for s in retail["answers"][NIGHTS[0]]["steps"] if s["step"] == "push")
    accepted = {sync["sync"]: sync["accepted"] for sync in first["syncs"] if sync["channel"] == "csv_outbox"}
    assert sum(accepted.values()) > 0
    assert all(kinds[sync] == "none" for sync, number in accepted.items() if number)
    written = list((retail["home"] / "outbox").rglob(f"{NIGHTS[0]}.csv"))
    assert sum(lines_of([path]) for path in written) == sum(accepted.values())


def test_segments_move_from_night_to_night(retail) -> None:
    assert one(retail, "select count(*) from marts.segment_membership where left_day is null") > 1_000
    assert one(retail, "select count(*) from marts.segment_membership where entered_day > date '2011-09-01'") > 0


def test_every_file_pulled_twice_changes_nothing(retail) -> None:
    before = one(retail, "select count(*) from raw.online_retail__lines")
    row = pulled(retail["run"]("pull", "online_retail", "--from", BACKFILL[0], "--to", LAST))
    assert (row["rows_landed"], row["rows_rejected"]) == (0, 0) or row["rows_in"] == row["rows_unchanged"] + row[
        "rows_rejected"
    ]
    assert row["rows_in"] == 541_909
    assert one(retail, "select count(*) from raw.online_retail__lines") == before
