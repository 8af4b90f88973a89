"""A night on PostgreSQL beside the same night on DuckDB: all is built, all dbt tests pass, the rows agree; and a full
build of a later night gives the rows that the nights before have come to, on both.
"""

from collections import Counter
from typing import Any

import psycopg2
import pytest
from support.shop import Shop

from core.settings import Settings, load_settings
from core.warehouse import connect

pytestmark = pytest.mark.postgres
NIGHT, HISTORY = "2026-03-28", ("2025-12-01", "2026-03-27")
NEXT_NIGHTS = ("2026-03-29", "2026-04-01")  # two are left out
PAST = "date '2026-03-10'"
# What happens to rows of earlier days between two nights: one is gone, three were dated wrongly, one is mended.
CHANGED_PAST = (
    "delete from raw.segment_events__events where _row_key = ("
    f" select min(_row_key) from raw.segment_events__events where _day = {PAST})",
    f"update raw.segment_events__events set _day = {PAST} where _row_key in ("
    f" select _row_key from raw.segment_events__events where _day = {PAST} + 1 order by _row_key limit 3)",
    "update raw.sendgrid_events__events set event = 'spamreport', _row_key = _row_key || ':again' where _row_key = ("
    f" select min(_row_key) from raw.sendgrid_events__events where _day = {PAST} and event = 'open')",
)
# Which night computed each day of the grid, and what had not landed by then.
OF_THE_GRID = ("intermediate.int_features__days", "marts.feature_gaps")


@pytest.fixture(scope="module")
def nights(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Engine -> what the night answered and where its warehouse is."""
    found = {}
    for engine, given in {
        "duckdb": {},
        "postgres": {"FAIRLEAD_WAREHOUSE__ENGINE": "postgres", "FAIRLEAD_WAREHOUSE__URL": postgres},
    }.items():
        shop = Shop(tmp_path_factory.mktemp(engine))
        shop.fairlead("sample", "--people", "150", "--from", HISTORY[0], "--to", NEXT_NIGHTS[-1], **given)
        shop.fairlead("pull", "--from", HISTORY[0], "--to", HISTORY[1], **given)
        found[engine] = {"answer": shop.fairlead("run", "--day", NIGHT, **given), "shop": shop, "given": given}
    return found


def rows(nights: dict[str, dict[str, Any]], postgres: str, sql: str) -> dict[str, list[tuple[Any, ...]]]:
    """The same question to both engines."""
    connection = psycopg2.connect(postgres)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        there = cursor.fetchall()
    connection.close()
    return {"duckdb": nights["duckdb"]["shop"].rows(sql), "postgres": there}


def test_every_model_builds_and_every_dbt_test_passes(nights) -> None:
    for engine, night in nights.items():
        builds = [s for s in night["answer"]["steps"] if s["step"].startswith("build")]
        assert [b["ok"] for b in builds] == [True, True], engine
        assert sum(b["tests"] for b in builds) > 150, engine
    counts = [
        [(b["models"], b["tests"]) for b in n["answer"]["steps"] if b["step"].startswith("build")]
        for n in nights.values()
    ]
    assert counts[0] == counts[1]


def test_every_table_has_as_many_rows_on_both(nights, postgres) -> None:
    tables = rows(
        nights, postgres,
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('raw', 'identity', 'marts', 'scores') order by 1",
    )  # fmt: skip
    assert tables["duckdb"] == tables["postgres"] and len(tables["duckdb"]) > 60
    counting = " union all ".join(f"select '{name}', count(*) from {name}" for (name,) in tables["duckdb"])
    counted = rows(nights, postgres, f"select * from ({counting}) as counted order by 1")
    assert dict(counted["postgres"]) == dict(counted["duckdb"])


@pytest.mark.parametrize(
    "sql",
    [
        "select segment, person_id, entered_day from marts.segment_membership order by 1, 2",
        "select person_id, lifetime_orders, lifetime_revenue from marts.profiles order by 1",
        "select person_id, channel, purpose, allowed, reason from marts.contactability order by 1, 2, 3",
        "select sync, person_id, included, reason from marts.audiences order by 1, 2",
        "select sync, event_id, person_id, occurred_at, included, reason from marts.feed_audiences order by 1, 2",
        "select sync, record_key, op, status, cast(payload_hash as varchar), cast(delivered_hash as varchar)"
        " from activation.delivered order by 1, 2",
    ],
)
def test_people_segments_consent_and_deliveries_agree(nights, postgres, sql: str) -> None:
    found = rows(nights, postgres, sql)
    assert found["duckdb"] and found["postgres"] == found["duckdb"]


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_full_build_gives_the_rows_of_all_the_nights_before(nights, postgres, engine: str) -> None:
    """The last of the tests: it goes on with the nights. Late and lost rows of a past day come in between."""
    shop, given = nights[engine]["shop"], nights[engine]["given"]
    url = {"engine": "postgres", "url": postgres} if engine == "postgres" else {}
    settings = load_settings(home=shop.home, warehouse=url)
    for night in NEXT_NIGHTS:
        shop.fairlead("pull", "--day", night, **given)
        shop.fairlead("resolve", "--day", night, **given)
        shop.fairlead("build", "--day", night, **given)
        if night == NEXT_NIGHTS[0]:
            with connect(settings, writer="raw") as db:
                for statement in CHANGED_PAST:
                    db.execute(statement)
    grown = contents(settings, NEXT_NIGHTS[-1])
    shop.fairlead("build", "--day", NEXT_NIGHTS[-1], "--full", **given)
    assert differing(grown, contents(settings, NEXT_NIGHTS[-1])) == {}
    assert len(grown) > 120 and sum(map(len, grown.values())) > 15_000


def contents(settings: Settings, day: str) -> dict[str, Counter[tuple[str, ...]]]:
    """Every table and view that dbt builds -> its rows as texts, nine figures of a double, and how often each is.

    day   whose features are compared: of the training grid before it, which keeps what was known when it was computed
          (docs/reference/contracts.md), who stands in it
    """
    found = dict[str, Counter[tuple[str, ...]]]()
    with connect(settings) as db:
        who = "select person_id, as_of_day from marts.features__person"
        found["who stands in the grid"] = Counter((str(r),) for r in db.query(who).to_pylist())
        names = db.query(
            "select table_schema || '.' || table_name as name from information_schema.tables"
            " where table_schema in ('intermediate', 'marts') order by 1"
        )
        for name in names["name"].to_pylist():
            if name in OF_THE_GRID:
                continue
            is_feature = name.split(".")[1].startswith(("int_features__", "features__"))
            is_grid = is_feature and "as_of_day" in db.columns(name)
            of_day = f" where as_of_day = date '{day}'" if is_grid else ""
            rows = db.query(f"select * from {name}{of_day}")
            columns = [[f"{v:.9g}" if isinstance(v, float) else str(v) for v in c.to_pylist()] for c in rows.columns]
            found[name] = Counter(zip(*columns, strict=True))
    return found


def differing(before: dict[str, Counter[Any]], after: dict[str, Counter[Any]]) -> dict[str, str]:
    assert before.keys() == after.keys()
    found = {name: ((before[name] - after[name]), (after[name] - before[name])) for name in before}
    return {
        name: f"rows only before {gone.total()}, only after {come.total()}; {[*gone][:1]} {[*come][:1]}"
        for name, (gone, come) in found.items()
        if gone or come
    }
