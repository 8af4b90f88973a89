"""A shop of known truth: customers buy at their own rate until they quietly leave; leads convert by a rule."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

import people.jobs
from core.settings import Settings, load_settings
from core.warehouse import connect
from ml import jobs

FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2026, 6, 30)
SIGNS_IN_AFTER_DAYS = 20  # how long a device is nobody's
KEEP_DAYS = {"orders": "ordered_on", "order_lines": "ordered_on", "events": "occurred_on", "messages": "occurred_on",
             "tickets": "created_on", "survey_answers": "answered_on", "registrations": "registered_on",
             "subscriptions": "started_on", "deals": "created_on"}  # fmt: skip


@dataclass
class Shop:
    """The marts by name with all their rows, and the hidden truth: per customer rate, arrival and day of leaving."""

    tables: dict[str, pa.Table]
    rate: np.ndarray
    joined: np.ndarray
    left: np.ndarray


def days(numbers: np.ndarray) -> pa.Array:
    return pa.array(np.datetime64(FIRST_DAY) + np.asarray(numbers).astype("timedelta64[D]"))


def instants(numbers: np.ndarray) -> pa.Array:
    return days(numbers).cast(pa.timestamp("us"))


def nothing(**columns: str) -> pa.Table:
    return pa.schema({name: pa.type_for_alias(kind) for name, kind in columns.items()}).empty_table()


def make_shop(customers: int = 1500, leads: int = 600, seed: int = 1) -> Shop:
    rng = np.random.default_rng(seed)
    span = (LAST_DAY - FIRST_DAY).days
    rate = rng.gamma(2.0, 1 / 60, customers)  # orders a day while active; one in thirty days on average
    joined = rng.integers(0, span - 60, customers)
    left = joined + rng.exponential(240, customers).astype(int) + 1
    who, when = np.nonzero(rng.random((customers, span)) < rate[:, None])
    alive = (when >= joined[who]) & (when < left[who])
    who, when = np.r_[np.arange(customers), who[alive]], np.r_[joined, when[alive]]
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    person = np.array([f"p_{n:016x}" for n in range(customers + leads)])
    total = len(who)
    orders = pa.table({
        "order_key": [f"o{n}" for n in range(total)], "person_id": person[who],
        "ordered_at": instants(when), "ordered_on": days(when),
        "channel": np.array(["web", "store", "app"])[rng.integers(0, 3, total)], "status": ["completed"] * total,
        "is_return": np.zeros(total, bool), "is_sale": np.ones(total, bool),
        "revenue": np.round(rng.gamma(3, 10, total), 2),
        "discount": np.zeros(total), "coupon": pa.nulls(total, pa.string()), "lines": np.ones(total, np.int64),
    })  # fmt: skip
    lines = pa.table({
        "order_line_key": orders["order_key"], "person_id": orders["person_id"], "ordered_on": orders["ordered_on"],
        "product_key": [f"g{n}" for n in rng.integers(0, 50, total)],
        "category": [f"c{n}" for n in rng.integers(0, 5, total)],
        "quantity": np.ones(total, np.int64), "revenue": orders["revenue"], "is_sale": np.ones(total, bool),
    })  # fmt: skip
    visit = np.repeat(np.arange(total), 2)
    events = pa.table({
        "person_id": person[who[visit]], "person_ref": pa.nulls(2 * total, pa.string()),
        "device_ref": [f"device:{n}" for n in who[visit]],
            "occurred_on": days(when[visit]), "event": ["product_viewed", "product_added"] * total,
        "session_key": [f"s{n}" for n in visit], "product_key": ["g1"] * (2 * total),
    })  # fmt: skip
    created, wins, closed = _leads(rng, leads, span)
    number = np.arange(leads)
    tables = {
        "orders": orders, "order_lines": lines, "events": events,
        "messages": nothing(
            person_id="string", message_key="string", occurred_on="date32", event="string", channel="string",
            is_machine="bool"),
        "tickets": nothing(person_id="string", created_on="date32", closed_on="date32", status="string"),
        "survey_answers": nothing(
            person_id="string", answer_key="string", answered_on="date32",
            answered_at="timestamp[us]", survey="string", score="int64"),
        "registrations": nothing(person_id="string", registered_on="date32", attended="bool"),
        "subscriptions": nothing(person_id="string", started_on="date32", cancelled_on="date32"),
        "accounts": pa.table({
            "account_key": [f"a{n}" for n in number],
            "employees": np.where(wins, 400, 10) + rng.integers(0, 300, leads),
            "created_on": days(created)}),
        "deals": pa.table({
            "person_id": person[customers:], "created_on": days(created + 1), "closed_on": days(closed),
            "status": np.where(wins, "won", "lost")}),
        "int_people__golden": pa.table({
            "person_id": person, "birth_date": days(rng.integers(-25000, -7000, len(person))),
            "gender": np.array(["female", "male", None], dtype=object)[rng.integers(0, 3, len(person))],
            "country": np.array(["GB", "FR"])[rng.integers(0, 2, len(person))]}),
        "people": pa.table({"person_id": person, "first_seen_day": days(np.r_[joined, created])}),
    }  # fmt: skip
    tables["int_people__unioned"] = pa.table({
        "record_id": [f"r{n}" for n in number], "person_ref": [f"id:crm:{n}" for n in number],
        "lifecycle": ["lead"] * leads,
        "lead_source": np.array(["referral", "webinar"])[number % 2],
        "lead_status": np.where(wins, "converted", "disqualified"),
        "account_key": [f"a{n}" for n in number], "created_at": instants(created), "updated_at": instants(closed),
    })  # fmt: skip
    tables["int_people__matched"] = pa.table(
        {"record_id": tables["int_people__unioned"]["record_id"], "person_id": person[customers:]}
    )
    tables["person_identifiers"] = pa.table(
        {
            "identifier": [f"device:{n}" for n in range(customers)]
            + tables["int_people__unioned"]["person_ref"].to_pylist(),
            "person_id": person,
            "kind": ["device"] * customers + ["id"] * leads,
            "first_seen_day": days(np.r_[joined + SIGNS_IN_AFTER_DAYS, created]),
        }
    )
    return Shop(tables, rate, joined, left)


def _leads(rng: np.random.Generator, count: int, span: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    created = rng.integers(0, span - 40, count)
    wins = rng.random(count) < 0.3
    return created, wins, created + np.where(wins, rng.integers(5, 40, count), rng.integers(40, 120, count))


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """A project of one tiny model, in a folder of its own, so that jobs can be run without dbt."""
    root = tmp_path / "project"
    (root / "models").mkdir(parents=True)
    content = {
        "question": "Who leaves?", "owner": "tests", "task": "binary", "label": "labels__leaves", "horizon_days": 30,
        "eligible": "is_customer = 1", "features": {"all_except": ["is_customer", "is_female"]},
        "baseline": {"rank_by": ["noise"]}, "fairness": {"by": ["is_female"]}, "decision_effect": "none, a test",
        "lightgbm": {"iterations": 30, "min_data_in_leaf": 20}, "calibration": "isotonic",
        "promote_if": {
            "min_auc": 0.7, "min_lift_over_baseline": 0.02, "max_calibration_error": 0.1,
            "min_positive": 20, "min_rows": 100,
        },
    }  # fmt: skip
    (root / "models" / "leaves.yml").write_text(yaml.safe_dump(content))
    return load_settings(root=root, home=tmp_path / "home")


@pytest.fixture
def fill_features():  # type: ignore[no-untyped-def]
    """fill_features(settings, day, people, signal=True): features__person and labels__leaves of known truth."""

    def fill(settings: Settings, day: date, people: int = 400, signal: bool = True, seed: int = 3) -> np.ndarray:
        rng = np.random.default_rng(seed)
        as_of = [day - timedelta(days=30 * back) for back in range(7)]
        count = people * len(as_of)
        x, noise = rng.normal(size=(2, count))
        chance = 1 / (1 + np.exp(-2 * x))
        came = (rng.random(count) < (chance if signal else 0.5)).astype(float)
        person = np.tile([f"p_{n:016x}" for n in range(people)], len(as_of))
        day_column = pa.array(np.repeat(np.array(as_of, dtype="datetime64[D]"), people))
        features = pa.table({
            "person_id": person, "as_of_day": day_column, "x": x, "noise": noise,
            "is_customer": (np.arange(count) % 10 > 0).astype(float),
            "is_female": (np.arange(count) % 2).astype(float)})  # fmt: skip
        labelled = np.repeat([d <= day - timedelta(days=30) for d in as_of], people)
        labels = pa.table({"person_id": person, "as_of_day": day_column, "label": came}).filter(pa.array(labelled))
        with connect(settings, writer="marts") as db:
            for name, table in (("features__person", features), ("labels__leaves", labels)):
                db.load(f"marts.{name}", table, "replace")
        return chance

    return fill


VISITS = """select person_ref, device_ref, session_key, occurred_on,
    sum(case when event = 'product_viewed' then 1 else 0 end) as product_views,
    sum(case when event = 'product_added' then 1 else 0 end) as carts,
    sum(case when event = 'checkout_started' then 1 else 0 end) as checkouts
from marts.events group by person_ref, device_ref, session_key, occurred_on"""


@pytest.fixture(scope="session")
def known_shop() -> Shop:
    return make_shop()


@pytest.fixture(scope="session")
def fill_marts():  # type: ignore[no-untyped-def]
    """fill_marts(settings, shop, day): the tables that features are built from, holding what had happened by `day`."""

    def fill(settings: Settings, shop: Shop, day: date) -> None:
        people.jobs.ensure(settings)
        jobs.ensure(settings)
        for name, table in shop.tables.items():
            by = {"people": "first_seen_day"}.get(name, KEEP_DAYS.get(name))
            known = table.filter(pa.compute.less_equal(table[by].cast("date32"), pa.scalar(day))) if by else table
            schema = (
                "identity"
                if name in ("people", "person_identifiers")
                else "intermediate"
                if name.startswith("int_")
                else "marts"
            )
            with connect(settings, writer=schema) as db:
                if name == "int_people__unioned":
                    known = _with_entity_columns(known)
                if schema == "identity":
                    db.execute(f"delete from identity.{name}")
                    db.load(f"identity.{name}", known)
                else:
                    db.load(f"{schema}.{name}", known, "replace")
        with connect(settings, writer="intermediate") as db:
            db.execute("drop table if exists intermediate.int_daily__web")
            db.execute(f"create table intermediate.int_daily__web as {VISITS}")

    return fill


def _with_entity_columns(people: pa.Table) -> pa.Table:
    texts = ["email", "phone", "first_name", "last_name", "gender", "country", "region", "city", "postal_code",
             "language",
             "time_zone", "loyalty_card", "loyalty_tier", "_source"]  # fmt: skip
    for name in texts:
        people = people.append_column(name, pa.nulls(len(people), pa.string()))
    people = people.append_column("loyalty_points", pa.nulls(len(people), pa.int64()))
    for name in ("birth_date", "_day"):
        people = people.append_column(name, pa.nulls(len(people), pa.date32()))
    return people
