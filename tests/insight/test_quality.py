"""What a steward reads of data quality, and what is told of it."""

import io
from datetime import date, timedelta

import pyarrow as pa
import pytest
from rich.console import Console

from cli.shown.quality import html_page
from cli.shown.quality import quality as show
from core import alerts
from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.quality import alarm_lines, in_words, quality

DAY = date(2026, 3, 28)
MEASURES = pa.schema({"day": "date32", "source": "string", "entity": "string", "field": "string", "measure": "string",
                      "judged": "int64", "value": "float64"})  # fmt: skip
ALARMS = pa.schema([*MEASURES, pa.field("rule", pa.string()), pa.field("expected", pa.float64())])
EVIL = "<script>alert('x')</script>"


def measure(field: str, name: str, value: float, day: date = DAY, source: str = "shop") -> dict:
    return {"day": day, "source": source, "entity": "people", "field": field, "measure": name, "judged": 200,
            "value": value}  # fmt: skip


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = load_settings(root=tmp_path, home=tmp_path / "home")
    rows = [measure("email", "completeness", 0.5), measure("phone", "completeness", 0.0),
            measure("email", "validity", 0.9), measure("*", "staleness", 3.0),
            measure("email", "completeness", 0.8, DAY - timedelta(1)),
            measure("email", "completeness", 1.0, source="crm")]  # fmt: skip
    alarm = measure("email", "completeness", 0.5) | {"rule": "drop", "expected": 0.9}
    with connect(settings, writer="marts") as db:
        db.load("marts.data_quality", pa.Table.from_pylist(rows, schema=MEASURES), "create")
        db.load("marts.quality_alarms", pa.Table.from_pylist([alarm], schema=ALARMS), "create")
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__stated", pa.table({"record_id": ["r1"], "source": ["shop"]}), "create")
    with connect(settings, writer="identity") as db:
        found = {"record_id": ["r1"], "column_name": ["last_name"], "flag": ["no_name"], "effect": ["emptied"],
                 "stated": [EVIL], "cleaned": pa.array([None], pa.string()),
                 "suggestion": pa.array([None], pa.string())}  # fmt: skip
        db.load("identity.cleansing_findings", pa.table(found), "create")
    return settings


def test_the_newest_day_is_shown_source_by_source_with_what_passes_least(settings):
    result = quality(settings, None)
    assert (result["day"], [row["source"] for row in result["sources"]]) == ("2026-03-28", ["crm", "shop"])
    shop = result["sources"][1]
    assert (shop["completeness"], shop["validity"], shop["staleness"]) == (0.5, 0.9, 3), "a field not had is no fault"
    assert [(row["field"], row["wrong"]) for row in result["worst"]] == [("email", 20)]
    assert result["trends"]["shop.people.completeness"] == [0.8, 0.5]
    assert quality(settings, None, "crm")["alarms"] == []
    assert "example" not in result["findings"][0], "what a source said is shown where it is asked for"


def test_a_day_or_source_that_was_not_measured_is_an_error_with_its_mend(settings, tmp_path):
    with pytest.raises(ConfigError, match="build --day"):
        quality(settings, DAY + timedelta(1))
    with pytest.raises(ConfigError, match="No source nobody"):
        quality(settings, None, "nobody")
    with pytest.raises(ConfigError, match="No data quality was measured"):
        quality(load_settings(root=tmp_path, home=tmp_path / "other"), None)


def test_a_page_shows_what_a_source_said_as_text(settings):
    result = quality(settings, None, examples=True)
    result["alarm_lines"] = [in_words(alarm) for alarm in result["alarms"]]
    page = html_page(result, "Shop & Co")
    assert EVIL not in page and "&lt;script&gt;" in page and "Shop &amp; Co" in page and "<svg" in page
    assert "http" not in page, "it needs nothing from outside"


def test_the_page_of_the_terminal_shows_alarms_sources_and_findings(settings):
    result = quality(settings, None, examples=True)
    out = io.StringIO()
    show(Console(file=out, width=200), result | {"alarm_lines": ["shop: \x1b[31mred"], "page": "2026-03-28.html"})
    text = out.getvalue()
    assert "\x1b[31m" not in text and "ALARM" in text and "50.0 %" in text and "no_name" in text and EVIL in text


def test_alarms_are_told_once_a_day_and_kept(settings):
    lines = alarm_lines(settings, DAY)
    assert lines == ["shop: people.email: completeness 50.0 %, 90.0 % before"]
    assert len(alerts.tell_once(settings, "build.quality", DAY, "quality", lines)) == 1
    assert alerts.tell_once(settings, "build.quality", DAY, "quality", lines) == []
    assert len(alerts.tell_once(settings, "build.quality", DAY, "quality", [*lines, "another"])) == 1
    with connect(settings) as db:
        kept = db.query("select detail, told from ops.alerts order by told_at").to_pylist()
    assert [row["detail"] for row in kept] == [*lines, "another"]


def test_many_alarms_are_one_message_of_twenty_lines(settings, monkeypatch):
    told = []
    monkeypatch.setattr(alerts, "tell", lambda settings, day, found: told.extend(found) or {})
    assert len(alerts.tell_once(settings, "build.quality", DAY, "quality", [f"line {n}" for n in range(50)])) == 50
    assert len(told) == 21 and told[-1]["detail"].startswith("and 30 more")
