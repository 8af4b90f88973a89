"""Consent at an address or number that passed from one human to another: what each said in their time, and no more."""

import shutil
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

import ml.jobs
import people.jobs
from connectors import pull
from core.build import build
from core.settings import Settings, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
D, PASSED = date(2026, 1, 20), date(2026, 1, 10)
NUMBER, OLD, NEW = "phone:+447400123456", "id:shop:1", "id:shop:2"  # OLD had NUMBER until PASSED, NEW has it since
T, TS, DAY, B = pa.string(), pa.timestamp("us"), pa.date32(), pa.bool_()
POINT = {"person_id": T, "identifier": T, "kind": T, "is_own": B, "is_used": B, "is_shared": B, "since_day": DAY,
         "until_day": DAY}  # fmt: skip
STATEMENT = {"_source": T, "statement_key": T, "identifier": T, "channel": T, "purpose": T, "said": T, "said_at": TS,
             "seen_day": DAY, "names_address": B, "names_another": B}  # fmt: skip
SAID = {  # what was said, in order, as (identifier, said, day of January)
    "the old one's no outlives the new one's yes": [
        (OLD, "granted", 1), (NUMBER, "withdrawn", 5), (NUMBER, "granted", 15)
    ],
    "and the new one's no": [(OLD, "granted", 1), (NUMBER, "withdrawn", 5), (NUMBER, "withdrawn", 15)],
    "the old one answers it in their time": [(NUMBER, "withdrawn", 5), (NUMBER, "granted", 7), (OLD, "granted", 1)],
    "or later by a yes of their own": [(NUMBER, "withdrawn", 5), (NUMBER, "granted", 15), (OLD, "granted", 16)],
    "what the old one granted is not the new one's": [(NUMBER, "granted", 5)],
    "the old one's no counts where it was said": [(NUMBER, "withdrawn", 5), (NEW, "granted", 4)],
    "the new one's yes answers it there": [(NUMBER, "withdrawn", 5), (NUMBER, "granted", 15), (NEW, "granted", 4)],
}  # fmt: skip
MAY = {  # (the old one, the new one) may be written to
    "the old one's no outlives the new one's yes": (False, True), "and the new one's no": (False, False),
    "the old one answers it in their time": (True, False), "or later by a yes of their own": (True, True),
    "what the old one granted is not the new one's": (False, False),
    "the old one's no counts where it was said": (False, False), "the new one's yes answers it there": (False, True),
}  # fmt: skip


@pytest.fixture(scope="module")
def standing(tmp_path_factory) -> Settings:
    base = tmp_path_factory.mktemp("passed")
    ours = shutil.ignore_patterns("target", "logs")
    shutil.copytree(ROOT / "dbt_project", base / "project/dbt_project", ignore=ours)
    for folder in ("connectors/sources", "models"):
        shutil.copytree(ROOT / folder, base / "project" / folder)
    settings = load_settings(root=base / "project", home=base / "home")
    (base / "home").mkdir()
    for room in (pull, people.jobs, ml.jobs):
        room.ensure(settings)
    points, statements = [], []
    for case, said in SAID.items():
        points += [(f"{case}/old", f"{NUMBER}/{case}", "phone", False, False, False, None, PASSED),
                   (f"{case}/old", f"{OLD}/{case}", "id", True, False, False, None, None),
                   (f"{case}/new", f"{NUMBER}/{case}", "phone", True, True, False, PASSED, None),
                   (f"{case}/new", f"{NEW}/{case}", "id", True, False, False, None, None)]  # fmt: skip
        for place, (identifier, word, day) in enumerate(said):
            statements.append(
                ("worlds", f"{case}/{place}", f"{identifier}/{case}", "sms", "marketing", word,
                 datetime(2026, 1, day, 12), date(2026, 1, day), identifier == NUMBER, False)
            )  # fmt: skip
    with connect(settings, writer="intermediate") as db:
        for name, kinds, rows in (("int_people__contact_points", POINT, points),
                                  ("int_consents__statements", STATEMENT, statements)):  # fmt: skip
            table = pa.Table.from_pylist([dict(zip(kinds, row, strict=True)) for row in rows], schema=pa.schema(kinds))
            db.load(f"intermediate.{name}", table, mode="create")
    result = build(settings, D, select="int_consents__standing")
    assert result.ok, result.failed
    return settings


@pytest.mark.parametrize("case", list(SAID))
def test_a_word_at_a_number_counts_for_whoever_had_it_then(standing: Settings, case: str):
    with connect(standing) as db:
        rows = db.query(
            "select person_id, granted_at is not null and stopped_by is null as may"
            " from intermediate.int_consents__standing where person_id like $1",
            [f"{case}/%"],
        ).to_pylist()
    may = {row["person_id"].rpartition("/")[2]: row["may"] for row in rows}
    assert (may.get("old", False), may.get("new", False)) == MAY[case]
