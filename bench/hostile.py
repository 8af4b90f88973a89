"""A million identical records, a hundred thousand with one address, a chain without names: when a night ends.

The bound is the promise for a whole run, 6 minutes.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.people import FULL_SECONDS, fill, night, timed
from bench.town import town
from core.settings import load_settings
from core.warehouse import connect
from people.linkage import jobs as linkage

DAY = date(2026, 3, 29)
RECORDS, AT_ONE_ADDRESS, TRAINED_ON = 1_000_000, 100_000, 20_000
NAMES = ("first_name", "last_name", "birth_date", "street", "city", "postal_code", "company", "strong_id")


def run(scale: float = 1.0) -> dict[str, Any]:
    world = town(max(int(TRAINED_ON * scale), 3000), 1).records
    worlds: dict[str, Callable[[], pa.Table]] = {
        "identical": lambda: _identical(world, max(int(RECORDS * scale), 1000)),
        "one_address": lambda: _one_address(world, max(int(AT_ONE_ADDRESS * scale), 1000)),
        "chain": lambda: _chain(world, max(int(AT_ONE_ADDRESS * scale), 1000)),
    }
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-hostile-") as folder:
        trained = load_settings(home=Path(folder) / "trained", warehouse={"threads": 2})
        fill(trained, world)
        linkage.train(trained, DAY)
        for name, make in worlds.items():
            settings = load_settings(home=Path(folder) / name, warehouse={"threads": 2})
            shutil.copytree(trained.home / "artifacts", settings.home / "artifacts")
            fill(settings, make())
            seconds = timed(lambda: night(settings, DAY))  # noqa: B023 (called at once)
            with connect(settings) as db:
                people = db.query("select count(*) as n, max(records) as largest from identity.people").to_pylist()[0]
            figures[name] = {"seconds": seconds, "people": people["n"], "largest": people["largest"]}
    return figures | {"ratio": round(max(f["seconds"] for f in figures.values()) / FULL_SECONDS, 2)}


def _repeated(records: pa.Table, size: int) -> pa.Table:
    rows = records.take(np.arange(size) % records.num_rows)
    return rows.set_column(0, "record_id", pa.array(np.char.add("h", np.arange(size).astype(str))))


def _identical(records: pa.Table, size: int) -> pa.Table:
    named = records.filter(pc.and_(records["email"].is_valid(), records["first_name"].is_valid()))
    return _repeated(named.slice(0, 1), size)


def _one_address(records: pa.Table, size: int) -> pa.Table:
    rows = _repeated(records, size)
    return rows.set_column(rows.schema.get_field_index("email"), "email", pa.repeat("test@test.com", size))


def _chain(records: pa.Table, size: int) -> pa.Table:
    """Each has the address of the one before it, and the telephone of the one after; none has a name."""
    rows = _repeated(records, size)
    place = np.arange(size)
    for name in NAMES:
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, name, pa.nulls(size, rows.schema.field(name).type))
    email, phone = ((place + shift) // 2 for shift in (0, 1))
    columns = {"email": np.char.add(email.astype(str), "@x.example"), "phone": np.char.add("+44", phone.astype(str))}
    for name, values in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(values))
    return rows
