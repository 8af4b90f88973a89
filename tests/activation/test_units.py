"""Caps and holdouts that count a household or an account as one, as dbt builds the audience."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

import people.jobs
from activation import jobs
from activation.sync import Sync, load_syncs
from connectors import pull
from core.build import build
from core.errors import ConfigError
from core.settings import Settings, WarehouseSettings, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
D = date(2026, 1, 15)
SYNC = (
    "description: t\nsegment: all\nchannel: csv_outbox\ncontact_channel: none\nbasis: inside\n"
    "mode: mirror\nfields: {{a: email}}\n{}"
)
SYNCS = {
    "one_a_home": "cap: {touches: 1, days: 30, per: household}",
    "two_a_firm": "cap: {touches: 2, days: 30, per: account}",
    "each": "cap: {touches: 1, days: 30}",
    "half": "holdout_share: 0.5\nholdout_per: household",
}
# person: household, whether its head, account
PEOPLE = {
    "a1": ("h_a", False, "a_x"), "a2": ("h_a", True, "a_x"), "a3": ("h_a", False, "a_x"),
    "b1": ("h_b", True, None), "b2": ("h_b", False, None), "c1": (None, None, None), "c2": (None, None, None),
}  # fmt: skip


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    for folder in ("connectors/sources", "activation/syncs", "models"):
        (root / folder).mkdir(parents=True)
    for path in (root / "dbt_project/models/marts").glob("*/segment__*"):
        path.unlink()
    (root / "dbt_project/models/marts/segments/segment__all.sql").write_text(
        "select person_id from {{ ref('profiles') }}\n"
    )
    (root / "dbt_project/models/marts/activation/_exposures.yml").unlink()
    for name, rule in SYNCS.items():
        (root / f"activation/syncs/all__csv_outbox__{name}.yml").write_text(SYNC.format(rule))
    warehouse = WarehouseSettings()
    if request.param == "postgres":
        warehouse = WarehouseSettings(engine="postgres", url=request.getfixturevalue("postgres"))
    (tmp_path / "home").mkdir()
    settings = load_settings(root=root, home=tmp_path / "home", warehouse=warehouse)
    pull.ensure(settings)
    people.jobs.ensure(settings)
    jobs.register(settings)
    fill(settings)
    result = build(settings, D, select="audiences")
    assert result.ok, result.failed
    yield settings


def fill(settings: Settings) -> None:
    t, d = pa.string(), pa.date32()
    kinds = {"household_id": t, "person_id": t, "is_head": pa.bool_()}
    homes = [(h, p, head) for p, (h, head, _) in PEOPLE.items() if h]
    with connect(settings, writer="identity") as db:
        db.load("identity.people", pa.table({"person_id": list(PEOPLE)}))
        db.load("identity.household_people", rows_of(kinds, homes))
        firms = [(p, a) for p, (_, _, a) in PEOPLE.items() if a]
        db.load("identity.account_people", rows_of({"person_id": t, "account_id": t}, firms))
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__golden", rows_of({"person_id": t, "email": t, "phone": t}, []), "create")
        points = {"person_id": t, "identifier": t}
        db.load("intermediate.int_people__contact_points", rows_of(points, []), "create")
    with connect(settings, writer="staging") as db:
        db.load("staging.suppressed_identifiers", rows_of({"identifier_md5": t, "because": t}, []), "create")
    with connect(settings, writer="marts") as db:
        members = [("all", p, None) for p in PEOPLE]
        db.load("marts.segment_membership", rows_of({"segment": t, "person_id": t, "left_day": d}, members), "create")
        touches = [("b2", "none", "message", date(2026, 1, 1)), ("c1", "none", "message", date(2026, 1, 1))]
        kinds = {"person_id": t, "channel": t, "kind": t, "touched_on": d}
        db.load("marts.touches", rows_of(kinds, touches), "create")
        kinds = {"person_id": t, "channel": t, "purpose": t, "allowed": pa.bool_(), "reason": t}
        db.load("marts.contactability", rows_of(kinds, []), "create")


def rows_of(kinds: dict[str, pa.DataType], rows: list[tuple]) -> pa.Table:
    return pa.table([pa.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds.values())], list(kinds))


def reasons(settings: Settings, name: str) -> dict[str, str]:
    sql = f"select person_id, reason from marts.audiences where sync = 'all__csv_outbox__{name}'"
    with connect(settings) as db:
        return {row["person_id"]: row["reason"] for row in db.query(sql).to_pylist()}


def test_a_cap_counts_a_household_or_an_account_as_one_and_chooses_the_head_first(built: Settings) -> None:
    home = reasons(built, "one_a_home")
    assert {p for p, reason in home.items() if reason == "included"} == {"a2", "c2"}, "b2 and c1 had their letter"
    firm = reasons(built, "two_a_firm")
    assert {p for p, reason in firm.items() if reason == "included"} == {"a1", "a2", "b1", "b2", "c1", "c2"}
    assert firm["a3"] == "capped"
    assert {p for p, reason in reasons(built, "each").items() if reason == "capped"} == {"b2", "c1"}
    held = {p for p, reason in reasons(built, "half").items() if reason == "held_out"}
    for person, (household, _, _) in PEOPLE.items():
        digest = hashlib.md5(f"all__csv_outbox__half{household or person}".encode()).hexdigest()
        assert (person in held) == (digest[:8] < "80000000"), "a household is wholly in or out"


def test_the_rule_of_a_household_makes_another_audience_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    one = {"name": "all__csv_outbox", "description": "t", "segment": "all", "channel": "csv_outbox",
           "contact_channel": "email", "mode": "mirror", "fields": {"a": "email"}}  # fmt: skip
    cap = {"touches": 1, "days": 7}
    rules = [{}, {"cap": cap}, {"cap": cap | {"per": "household"}}, {"cap": cap | {"per": "account"}},
             {"holdout_per": "household"}]  # fmt: skip
    assert len({Sync(**one, **rule).audience_hash for rule in rules}) == len(rules)
    assert Sync(**one, cap=cap | {"per": "person"}).audience_hash == Sync(**one, cap=cap).audience_hash
    folder = tmp_path / "activation/syncs"
    folder.mkdir(parents=True)
    (folder / "all__csv_outbox.yml").write_text(SYNC.format("cap: {touches: 1, days: 7, per: family}"))
    with pytest.raises(ConfigError, match=r"all__csv_outbox.yml:8: cap.per: Input should be 'person', 'household'"):
        load_syncs(load_settings(root=tmp_path, home=tmp_path / "home"))
