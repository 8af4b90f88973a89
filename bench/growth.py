"""How a normal night grows: with the months of history behind it, with the number of people, and over thirty nights.

A night's cost should follow what is new: the bound of each is the same night of the shortest history, of the fewest
people (a number of people ten times as large costs ten times as much), and of the first of the thirty. At their end a
full build shows whether thirty nights of increments have come to the same rows.
"""

import hashlib
import math
import resource
import shutil
import tempfile
import time
from datetime import timedelta
from typing import Any

from bench.build import DAY, add_a_day, expect, fill, night, settings_of
from cli.data import build_stage
from core.settings import Settings
from core.warehouse import connect

MONTHS, PEOPLE_SCALES, NIGHTS = (6, 12, 18, 24), (0.01, 0.1, 1.0), 30
HISTORY_SCALE, NIGHTS_SCALE = 0.2, 0.1  # people of the first and of the last part, in millions


def run(scale: float = 1.0) -> dict[str, Any]:
    """Seconds of the processors and of the clock of a normal night; what thirty nights add to the file.

    Below a hundredth of the size all is small but the builds themselves: one history, one number of people, two nights.
    """
    small = scale < 0.01
    by_months = {
        months: _normal_night(HISTORY_SCALE * scale, months * 30) for months in (MONTHS[:1] if small else MONTHS)
    }
    by_people = {int(1e6 * part * scale): _normal_night(part * scale, 540) for part in (() if small else PEOPLE_SCALES)}
    return {
        "history": {f"{months}_months": figures for months, figures in by_months.items()},
        "history_ratio": _ratio(by_months),
        "people": {str(people): figures for people, figures in by_people.items()},
        "people_exponent": _exponent(by_people),
        "nights": _nights(NIGHTS_SCALE * scale, 1 if small else NIGHTS),
    }


def _ratio(nights: dict[int, dict[str, float]]) -> float | None:
    if not nights:
        return None
    return round(nights[max(nights)]["processor_seconds"] / nights[min(nights)]["processor_seconds"], 2)


def _exponent(nights: dict[int, dict[str, float]]) -> float | None:
    """Of the cost as a power of the people; a night of nobody's is taken off, which is what dbt and the files cost."""
    if len(nights) < 3:
        return None
    fewest, middle, most = (nights[people]["processor_seconds"] for people in sorted(nights))
    standing = max(fewest - (middle - fewest) / 9, 0.0)
    return round(math.log10((most - standing) / (middle - standing)), 2)


def _normal_night(scale: float, days: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as folder:
        settings = settings_of(folder)
        people = fill(settings, scale, days)
        night(settings, DAY)
        add_a_day(settings, people, scale)
        return _measured(settings, 1)


def _measured(settings: Settings, number: int) -> dict[str, float]:
    began, used = time.monotonic(), _processor_seconds()
    night(settings, DAY + timedelta(days=number))
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(_processor_seconds() - used, 1),
    }


def _processor_seconds() -> float:
    both = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _nights(scale: float, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as folder:
        settings = settings_of(folder)
        people = fill(settings, scale)
        night(settings, DAY)
        sizes, figures = [_bytes(settings)], []
        for number in range(1, count + 1):
            add_a_day(settings, people, scale, number)
            figures.append(_measured(settings, number))
            sizes.append(_bytes(settings))
        grown = _digests(settings)
        expect(build_stage(settings, DAY + timedelta(days=count), "all", full=True))
        rebuilt = _digests(settings)
        shutil.rmtree(settings.home / "tmp", ignore_errors=True)
    third = max(count // 3, 1)
    first, last = (sum(f["processor_seconds"] for f in part) for part in (figures[:third], figures[-third:]))
    return {
        "people": people,
        "nights": count,
        "processor_seconds_of_the_first": figures[0]["processor_seconds"],
        "processor_seconds_of_the_last": figures[-1]["processor_seconds"],
        "last_third_ratio": round(last / first, 2),
        "bytes_a_person": round(sizes[0] / people),
        "bytes_a_person_and_day": round((sizes[-1] - sizes[0]) / people / count, 1),
        "tables_that_a_full_build_makes_otherwise": sorted(n for n in grown if grown[n] != rebuilt.get(n)),
    }


def _bytes(settings: Settings) -> int:
    """Of the file, which whoever had it last has closed."""
    return settings.duckdb_path.stat().st_size


def _digests(settings: Settings) -> dict[str, str]:
    """Every table that dbt builds -> a digest of its rows, whatever their order."""
    found = {}
    with connect(settings) as db:
        names = db.query(
            "select schema_name || '.' || table_name as name from duckdb_tables()"
            " where schema_name in ('intermediate', 'marts')"
        )["name"].to_pylist()
        for name in names:
            # a sum of doubles depends on their order in the last figures
            columns = ", ".join(
                f'round("{column}", 6)' if kind == "double" else f'"{column}"'
                for column, kind in db.columns(name).items()
            )
            row = db.query(f"select count(*) as n, sum(hash({columns})) as digest from {name}").to_pylist()[0]
            found[name] = hashlib.sha256(str(row).encode()).hexdigest()
    return found
