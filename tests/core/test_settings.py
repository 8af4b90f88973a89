from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.clock import as_said
from core.errors import ConfigError
from core.settings import load_settings
from core.warehouse import connect
from insight.doctor import check as doctor


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fairlead.toml").write_text('[sources.online_retail]\npath = "from_file"\nmax_reject_share = 0.5\n')
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path))
    monkeypatch.setenv("FAIRLEAD_SOURCES__ONLINE_RETAIL__PATH", "from_environment")
    source = load_settings(home=tmp_path).sources["online_retail"]
    assert source.path == "from_environment"
    assert source.max_reject_share == 0.5  # the other keys of the section stay


def test_an_unknown_key_and_a_bad_value_are_both_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fairlead.toml").write_text('[warehouse]\nengin = "duckdb"\nthreads = "many"\n')
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path))
    with pytest.raises(ConfigError) as failure:
        load_settings(home=tmp_path)
    assert "warehouse.engin" in str(failure.value) and "warehouse.threads" in str(failure.value)


def test_a_wrong_section_of_a_source_or_channel_keeps_its_mistakes_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = "[channels]\nslack = 7\n[channels.braze]\ncolour = 'x'\nenabled = 'perhaps'\n[sources.shop]\npath = 'in'\n"
    (tmp_path / "fairlead.toml").write_text(toml)
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path))
    monkeypatch.setenv("FAIRLEAD_CHANNELS__BREVO__OPTIONS", "{no json")
    monkeypatch.setenv("FAIRLEAD_SOURCES__TILLS__MAX_REJECT_SHARE", "2")
    settings = load_settings(home=tmp_path)
    assert settings.sources["shop"].path == "in" and settings.sources["shop"].mistakes == ()
    for section, keys in (
        (settings.channels["slack"], ["channels.slack: "]),
        (settings.channels["braze"], ["channels.braze.enabled: ", "channels.braze.colour: Extra inputs"]),
        (settings.channels["brevo"], ["channels.brevo.options: "]),
        (settings.sources["tills"], ["FAIRLEAD_SOURCES__TILLS__MAX_REJECT_SHARE", "sources.tills.max_reject_share: "]),
    ):
        with pytest.raises(ConfigError) as failure:
            section.check()
        assert all(key in str(failure.value) for key in keys) and "no json" not in str(failure.value)
    (check,) = [check for check in doctor(settings, {})["checks"] if check["check"] == "settings"]
    assert not check["ok"] and "channels.slack: " in check["detail"] and "sources.tills.max" in check["detail"]


def test_broken_toml_is_said_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fairlead.toml").write_text("[warehouse\n")
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path))
    with pytest.raises(ConfigError, match="line 1"):
        load_settings(home=tmp_path)


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="IANA"):
        load_settings(home=tmp_path, project={"time_zone": "Mars/Olympus"})


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 0, 0)),  # the clocks go forward in the night after
        (date(2026, 3, 29), datetime(2026, 3, 29, 23, 0)),  # a day of 23 hours
        (date(2026, 10, 25), datetime(2026, 10, 26, 0, 0)),  # a day of 25 hours
    ],
)
def test_a_day_ends_at_local_midnight_across_clock_changes(tmp_path: Path, day: date, end: datetime) -> None:
    assert load_settings(home=tmp_path, project={"time_zone": "Europe/London"}).end_of_day(day) == end


def test_a_missing_secret_names_the_variable_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(home=tmp_path)
    with pytest.raises(ConfigError, match="FAIRLEAD_TEST_SECRET is not set"):
        settings.secret("FAIRLEAD_TEST_SECRET")
    monkeypatch.setenv("FAIRLEAD_TEST_SECRET", "hidden")
    assert settings.secret("FAIRLEAD_TEST_SECRET") == "hidden"
    assert "hidden" not in repr(settings)


def test_a_database_url_does_not_show_in_a_repr(tmp_path: Path) -> None:
    assert "pass" not in repr(load_settings(home=tmp_path, warehouse={"url": "postgresql://u:pass@h/d"}))


@pytest.mark.parametrize(
    "wrong", [{"memory_limit": "lots"}, {"memory_limit": "0GB"}, {"memory_limit": "3"}, {"threads": 1_000_000}]
)
def test_a_setting_that_the_engine_would_not_take_is_told_as_one(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"warehouse.{next(iter(wrong))}"):
        load_settings(home=tmp_path, warehouse=wrong)
    assert load_settings(home=tmp_path, warehouse={"memory_limit": "1.5 GiB"}).warehouse.memory_limit


@pytest.mark.parametrize(
    "url", [
        "postgresql://u:sec/ret@host:5432/db", "postgresql://u:sec@ret@host/db", "postgresql://u:sec%ret@host/db",
        "postgresql://u:secret@host:99999/db",
        "postgresql://u:secret@[::1/db", "postgresql://u:sec#ret@host/db", "postgresql://u:sec?ret@host/db",
        "host=h password=secret", "postgresql://u:secret@ho st/db",
    ],
)  # fmt: skip
def test_a_warehouse_url_that_is_none_is_told_without_a_part_of_it(tmp_path: Path, url: str) -> None:
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url})
    with pytest.raises(ConfigError) as failure, connect(settings):
        pass
    assert "warehouse.url" in str(failure.value) and not any(
        part in str(failure.value) for part in ("sec", "ret", "99999")
    )


@pytest.mark.parametrize(("zone", "instant", "said"), [
    ("Europe/London", datetime(2026, 6, 30, 23), date(2026, 7, 1)),  # 1 July, midnight in London's summer
    ("Europe/London", datetime(2026, 7, 1), date(2026, 7, 1)),  # a date that a source gave without a zone
    ("America/New_York", datetime(2026, 7, 1, 4), date(2026, 7, 1)),
    ("Asia/Tokyo", datetime(2026, 6, 30, 15), date(2026, 7, 1)),
    ("Europe/London", datetime(2026, 7, 1, 14, 3), datetime(2026, 7, 1, 14, 3)),
    ("Europe/London", datetime(2026, 6, 30, 23, 0, 1), datetime(2026, 6, 30, 23, 0, 1)),
])  # fmt: skip
def test_a_date_without_an_hour_is_shown_as_the_date_that_was_said(zone, instant, said):
    assert as_said(instant, ZoneInfo(zone)) == said
