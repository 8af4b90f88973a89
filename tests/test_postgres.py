"""A night on PostgreSQL beside the same night on DuckDB: all is built, all dbt tests pass, the rows agree."""

from typing import Any

import psycopg2
import pytest
from support.shop import Shop

pytestmark = pytest.mark.postgres
NIGHT, HISTORY = "2026-03-28", ("2025-12-01", "2026-03-27")


@pytest.fixture(scope="module")
def nights(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Engine -> what the night answered and where its warehouse is."""
    found = {}
    for engine, given in {
        "duckdb": {},
        "postgres": {"FAIRLEAD_WAREHOUSE__ENGINE": "postgres", "FAIRLEAD_WAREHOUSE__URL": postgres},
    }.items():
        shop = Shop(tmp_path_factory.mktemp(engine))
        shop.fairlead("sample", "--people", "150", "--from", HISTORY[0], "--to", NIGHT, **given)
        shop.fairlead("pull", "--from", HISTORY[0], "--to", HISTORY[1], **given)
        found[engine] = {"answer": shop.fairlead("run", "--day", NIGHT, **given), "shop": shop}
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
