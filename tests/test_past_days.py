"""Past days of a company whose files show years at once, and of one that brings a source later."""

import csv
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from support.shop import Shop

ROOT = Path(__file__).resolve().parents[1]
FIRST, PAST, DAY = date(2025, 1, 1), date(2025, 6, 15), date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
FEATURES = "+features__person +labels__lead_conversion_30d feature_gaps +source_history"
SOURCES = {
    "bazaar": {
        "customers": {"key": ["customer_no"], "day": "created_at", "columns": {
            "customer_no": {"type": "text", "required": True}, "email": {"type": "text", "identifier": "email"},
            "created_at": "timestamp"}},
        "orders": {"key": ["order_no"], "day": "ordered_at", "columns": {
            "order_no": {"type": "text", "required": True}, "customer_no": "text", "ordered_at": "timestamp",
            "revenue": "number"}},
    },
    "crm": {
        "leads": {"key": ["lead_no"], "columns": {
            "lead_no": {"type": "text", "required": True}, "email": {"type": "text", "identifier": "email"},
            "created_at": "timestamp"}},
    },
}  # fmt: skip
STAGING = {
    "bazaar__people": """
        select 'bazaar:' || customer_no as record_id, {{ id_ref('bazaar', 'customer_no') }} as person_ref,
            email__normalised as email, 'customer' as lifecycle, created_at, created_at as updated_at, _source, _day
        from ({{ newest_version(source('raw', 'bazaar__customers'), ['customer_no']) }}) as customers""",
    "bazaar__orders": """
        select 'bazaar:' || order_no as order_key, {{ id_ref('bazaar', 'customer_no') }} as person_ref, ordered_at,
            'web' as channel, 'completed' as status, false as is_return, 'EUR' as currency, revenue, _source, _day
        from ({{ newest_version(source('raw', 'bazaar__orders'), ['order_no']) }}) as orders""",
    "crm__people": """
        select 'crm:' || lead_no as record_id, {{ id_ref('crm', 'lead_no') }} as person_ref,
            email__normalised as email, 'lead' as lifecycle, 'new' as lead_status, created_at,
            created_at as updated_at, _source, _day
        from ({{ newest_version(source('raw', 'crm__leads'), ['lead_no']) }}) as leads""",
}
CREATED = [FIRST + timedelta(days=7 * n) for n in range(60)]  # a customer a week, until a week before DAY
LEADS = [FIRST + timedelta(days=9 * n) for n in range(45)]


def project(root: Path, folder: Path) -> Path:
    """Our project with two companies of its own and the one model of leads."""
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    for name in ("connectors/sources", "activation/syncs", "activation/channels", "models"):
        shutil.copytree(ROOT / name, root / name)
    for source, tables in SOURCES.items():
        declared = {
            name: {"kind": "files", "pattern": f"{name}.csv", "missing": "ok", **table}
            for name, table in tables.items()
        }
        text = {"description": "For the tests", "defaults": {"path": str(folder)}, "tables": declared}
        (root / f"connectors/sources/{source}.yml").write_text(yaml.safe_dump(text))
        staging = root / "dbt_project/models/staging" / source
        staging.mkdir()
        raw = {"name": "raw", "schema": "raw", "tables": [{"name": f"{source}__{table}"} for table in tables]}
        (staging / f"_{source}.yml").write_text(yaml.safe_dump({"sources": [raw]}))
        for name, sql in STAGING.items():
            if name.startswith(source):
                (staging / f"stg_{name}.sql").write_text(sql)
    return root


def write(path: Path, header: str, rows: list[tuple]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def built(shop: Shop, day: date, *more: str) -> dict:
    return shop.fairlead("build", "--select", FEATURES, "--day", str(day), *more)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Pulled whole for years, then built for a past day and for the last one."""
    folder, root = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("past")
    write(folder / "customers.csv", "customer_no,email,created_at",
          [(n, f"c{n}@example.com", f"{day} 12:00:00") for n, day in enumerate(CREATED)])  # fmt: skip
    write(folder / "orders.csv", "order_no,customer_no,ordered_at,revenue",
          [(n, n, f"{day + timedelta(days=3)} 12:00:00", 10) for n, day in enumerate(CREATED)])  # fmt: skip
    shop = Shop(root / "home", project(root / "project", folder))
    shop.answers["pull"] = shop.fairlead("pull", "bazaar", "--from", str(FIRST), "--to", str(DAY))
    for day in (PAST, DAY):
        shop.fairlead("resolve", "--day", str(day))
        shop.answers[str(day)] = built(shop, day)
        shop.answers[f"features {day}"] = shop.rows(  # type: ignore[assignment]
            "select as_of_day, count(*), sum(lifetime_orders) from marts.features__person group by 1 order by 1"
        )
        shop.answers[f"people {day}"] = shop.rows("select count(*) from identity.people")  # type: ignore[assignment]
    write(folder / "leads.csv", "lead_no,email,created_at",
          [(n, f"lead{n}@example.com", f"{day} 12:00:00") for n, day in enumerate(LEADS)])  # fmt: skip
    return shop


def truth(day: date) -> tuple[date, int, int]:
    return day, sum(d <= day for d in CREATED), sum(d + timedelta(days=3) <= day for d in CREATED)


def test_a_past_day_holds_those_who_had_been_seen_by_then_and_nobody_else(shop: Shop) -> None:
    assert [entry["rows_landed"] for entry in shop.answers["pull"]["sources"]] == [len(CREATED)] * 2
    assert not any(entry["warnings"] for entry in shop.answers["pull"]["sources"])
    assert shop.answers[f"people {PAST}"] == [(truth(PAST)[1],)]
    for day in (PAST, DAY):
        assert shop.answers[f"features {day}"] == [truth(row[0]) for row in shop.answers[f"features {day}"]]
    assert {row[0] for row in shop.answers[f"features {PAST}"]} >= {PAST, date(2025, 3, 1)}


def test_a_source_that_is_added_later_is_told_and_a_full_build_reaches_the_past(shop: Shop) -> None:
    assert shop.answers[str(DAY)]["notices"] == []
    pulled = shop.fairlead("pull", "crm", "--day", str(NEXT))
    assert "rows of crm.leads had landed" in pulled["notices"][0] and "--full" in pulled["notices"][0]
    shop.fairlead("resolve", "--day", str(NEXT))
    assert "crm.leads" in built(shop, NEXT)["notices"][0]
    leads_by_day = "select count(distinct as_of_day) from marts.features__person where is_open_lead = 1"
    assert shop.rows(leads_by_day) == [(1,)]
    reasons = "; ".join(shop.fairlead("train", "lead_conversion_30d", "--day", str(NEXT))["models"][0]["reasons"])
    assert "computed before rows of crm.leads" in reasons and "history is too short" not in reasons
    assert f"people of crm {LEADS[0]}" in reasons and f"orders of bazaar {CREATED[0] + timedelta(days=3)}" in reasons
    checks = {check["check"]: check for check in shop.fairlead("doctor", ok=None)["checks"]}
    assert "crm.leads" in checks["feature days"]["detail"] and not checks["feature days"]["ok"]
    assert built(shop, NEXT, "--full")["notices"] == []
    assert shop.rows(leads_by_day)[0][0] > 12
    again = "; ".join(shop.fairlead("train", "lead_conversion_30d", "--day", str(NEXT))["models"][0]["reasons"])
    assert "computed before" not in again
