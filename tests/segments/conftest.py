"""Segments over hand-written rows: profiles, events, products and order lines are tables, all else dbt's."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.build import build
from core.settings import Settings, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
TEXT, WHOLE, MONEY, DAY, INSTANT = pa.string(), pa.int64(), pa.decimal128(18, 2), pa.date32(), pa.timestamp("us")
TABLES = {
    "profiles": {
        "person_id": TEXT, "birth_date": DAY, "lifecycle": TEXT, "lead_status": TEXT,
        "account_key": TEXT, "is_trade": pa.bool_(),
        "loyalty_points": WHOLE, "lifetime_orders": WHOLE, "revenue_365d": MONEY, "days_since_last_order": WHOLE,
        "last_order_at": INSTANT, "last_cart_at": INSTANT, "sessions_30d": WHOLE, "messages_clicked_90d": WHOLE,
        "webinars_attended_180d": WHOLE, "open_tickets": WHOLE, "last_nps": WHOLE,
        "subscription_status": TEXT, "renews_on": DAY,
        "open_deal_amount": MONEY, "rfm_recency": WHOLE, "rfm_frequency": WHOLE,
        "rfm_monetary": WHOLE, "churn_90d_decile": WHOLE,
        "value_180d_decile": WHOLE, "lead_conversion_30d_decile": WHOLE,
    },
    "events": {"person_id": TEXT, "event": TEXT, "product_key": TEXT, "occurred_at": INSTANT, "occurred_on": DAY},
    "products": {"product_key": TEXT, "is_in_stock": pa.bool_()},
    "order_lines": {"person_id": TEXT, "product_key": TEXT, "is_sale": pa.bool_(), "ordered_at": INSTANT},
}  # fmt: skip
MERGES = {"merged_person_id": TEXT, "person_id": TEXT, "merged_day": DAY, "because": TEXT, "merged_into": TEXT}
NOBODY = {  # what the real profiles never leave NULL
    "lifecycle": "contact", "is_trade": False, "lifetime_orders": 0, "sessions_30d": 0, "messages_clicked_90d": 0,
    "webinars_attended_180d": 0, "open_tickets": 0,
}  # fmt: skip


@dataclass
class Town:
    """A warehouse with hand-made marts; `night` builds the real segments on them."""

    settings: Settings

    def has(self, table: str, rows: list[dict[str, Any]]) -> None:
        """These rows and no others."""
        filled = [({**NOBODY, **row} if table == "profiles" else row) for row in rows]
        with connect(self.settings, writer="raw") as db:
            db.load(f"raw.{table}", pa.Table.from_pylist(filled, schema=pa.schema(TABLES[table])), mode="replace")

    def merged(self, *rows: tuple[str, str, date]) -> None:
        with connect(self.settings, writer="identity") as db:
            table = pa.Table.from_pylist(
                [dict(zip(MERGES, (*row, "test", row[1]), strict=True)) for row in rows], schema=pa.schema(MERGES)
            )
            db.load("identity.merges", table, mode="replace")

    def night(self, day: date) -> None:
        result = build(self.settings, day, select="path:models path:seeds")
        assert result.ok, result.failed

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with connect(self.settings) as db:
            return [tuple(row.values()) for row in db.query(sql).to_pylist()]

    def members(self, segment: str) -> set[str]:
        return {person for (person,) in self.rows(f"select person_id from marts.segment__{segment}")}

    def history(self) -> list[tuple[Any, ...]]:
        return self.rows("select * from marts.segment_membership order by segment, person_id, entered_day")


def make_project(root: Path, segments: str) -> Path:
    """The real macros, these segments, membership and tiers; views on raw.* where other rooms' marts would be."""
    copy, real = root / "dbt_project", ROOT / "dbt_project"
    shutil.copytree(real / "macros", copy / "macros")
    chosen = [path.relative_to(real) for path in (real / "models/marts/segments").glob(segments)]
    for file in (
        "dbt_project.yml", "profiles.yml", "models/marts/measurement/segment_sizes.sql",
        "models/marts/measurement/segment_sizes.yml", "models/marts/segments/segment_days.sql",
        "models/marts/segments/segment_membership.sql", "models/marts/segments/_membership.yml",
        "seeds/loyalty_tiers.csv",
        "seeds/_loyalty_tiers.yml", *chosen,
    ):  # fmt: skip
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real / file, copy / file)
    (copy / "models/sources.yml").write_text(
        "sources: [{name: identity, schema: identity, tables: [{name: merges}]}]\n"
    )
    for table in TABLES:
        (copy / f"models/{table}.sql").write_text(f"{{{{ config(schema='marts') }}}}\nselect * from raw.{table}\n")
    return root


def make_town(project: Path, home: Path) -> Town:
    town = Town(load_settings(root=project, home=home))
    for table in TABLES:
        town.has(table, [])
    town.merged()
    return town


@pytest.fixture(scope="session")
def full_town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """With every segment of the project."""
    return make_town(make_project(tmp_path_factory.mktemp("full"), "segment__*.*"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments are enough for history, and dbt is quick with two."""
    project = make_project(tmp_path_factory.mktemp("small"), "segment__unhappy_customers.*")
    other = project / "dbt_project/models/marts/segments/segment__nobody.sql"
    other.write_text("select person_id from {{ ref('profiles') }} where 1 = 0\n")
    return project


@pytest.fixture(scope="module")
def small_town(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Town:
    return make_town(small_project, tmp_path_factory.mktemp("home"))


@pytest.fixture
def new_town(small_project: Path, tmp_path: Path) -> Town:
    return make_town(small_project, tmp_path)
