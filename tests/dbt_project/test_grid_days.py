"""Days of the training grid: computed once each, and none of a time when nobody was known."""

import json
from datetime import date

import pyarrow as pa
import pytest

from core.build import dbt
from core.warehouse import connect

D = date(2026, 11, 20)
SEEN = {"p1": date(2026, 9, 14), "p2": date(2026, 11, 3)}


@pytest.mark.parametrize(("people", "days"), [(SEEN, ["2026-11-01", "2026-10-01"]), ({}, [])])
def test_a_shop_younger_than_the_grid_reads_no_more_than_its_own_days(house, people, days):
    """The months before anybody was there hold no rows: what is not there was computed anew each night for ever, and
    with it everything that had happened since was read.
    """
    with connect(house.settings, writer="identity") as db:
        rows = [{"person_id": p, "first_seen_day": d, "records": 1, "identifiers": 1} for p, d in people.items()]
        schema = pa.schema({"person_id": "string", "first_seen_day": pa.date32(), "records": "int64",
                            "identifiers": "int64"})  # fmt: skip
        db.load("identity.people", pa.Table.from_pylist(rows, schema=schema), mode="replace")
    house.build(D, select="int_features__sample")
    asked = "{{ missing_grid_days() | join(' ') }}; {{ feature_days_since(90) }}"
    process = dbt(house.settings, D, ["--quiet", "compile", "--inline", asked])
    assert process.returncode == 0, process.stdout[-2000:]
    said = next(text for text in (json.loads(x)["info"]["msg"] for x in process.stdout.splitlines()) if ";" in text)
    first = min([*days, D.isoformat()])
    assert " ".join(days) + ";" in said
    assert f"occurred_on > cast('{date.fromordinal(date.fromisoformat(first).toordinal() - 90)}' as date)" in said
