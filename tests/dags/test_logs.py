"""Nothing about a person stands in a log: a whole night of the sample shop through Airflow, and every log that it
wrote.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.shop import fairlead

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).resolve().parents[2]
PERSONAL = r"^(email|phone|first_name|last_name|street|birth_date|person_ref|ip|handle|customer_name|contact)"
A_MAIL = re.compile(rb"[\w.+-]+@[\w-]+\.\w+")


def personal_values(warehouse: Path) -> set[str]:
    """What landed or stands in the marts about people, as text; short ones would be found by chance."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        columns = db.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns"
            " where table_schema in ('raw', 'marts', 'identity') and regexp_matches(column_name, $1)",
            [PERSONAL],
        ).fetchall()
        values = {
            value
            for table, column in columns
            for (value,) in db.execute(f'select distinct cast("{column}" as varchar) from {table}').fetchall()
        }
    return {value for value in values if value and len(value) > 4 and not value.isdigit()}


def test_the_logs_of_a_night_hold_no_address_no_number_and_no_name(tmp_path: Path) -> None:
    fairlead(tmp_path, "sample", "--people", "80", "--from", "2026-02-01", "--to", "2026-03-28")
    venv = Path(sys.executable).parents[1]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FAIRLEAD_", "AIRFLOW_"))}
    # of a day with six rows one bad one is a sixth
    own = {"PYTHONPATH": str(ROOT), "FAIRLEAD_SOURCES__SAMPLE_SHOP__MAX_REJECT_SHARE": "1"}
    words = ["NIGHT_1=2026-03-28", "NIGHT_2=", f"VENV={venv}", f"FAIRLEAD_HOME={tmp_path}"]
    process = subprocess.run(
        ["make", "--no-print-directory", "-f", "airflow.mk", "nights", *words],
        cwd=ROOT, env=inherited | own, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    values = personal_values(tmp_path / "warehouse.duckdb")
    logs = [path for path in tmp_path.rglob("*.log") if path.stat().st_size]
    assert len(values) > 100 and any("night-" in path.name for path in logs)
    for path in logs:
        content = path.read_bytes()
        assert not A_MAIL.search(content), path
        text = content.decode(errors="replace")
        assert [v for v in values if v in text and re.search(rf"(?<!\w){re.escape(v)}(?!\w)", text)] == [], path
