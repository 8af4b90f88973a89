"""`fairlead init`: a shop's defaults and the names of its secrets, written once and never over what is there."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from activation.participation import why_off
from activation.sync import load_syncs
from core.settings import load_settings
from core.warehouse import connect
from fairlead import app


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def init(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["init", *words, "--json"])
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_folder_gets_its_toml_an_example_of_its_secrets_and_no_second_one(tmp_path: Path) -> None:
    words = ("--folder", "shop", "--country", "no", "--currency", "nok", "--language", "nb", "--no-sample")
    answer = init(*words)
    assert {Path(file).name for file in answer["files"]} == {"fairlead.toml", ".env.example", ".gitignore"}
    written = tomllib.loads((tmp_path / "shop/fairlead.toml").read_text())
    assert written["project"] == {
        "name": "shop", "default_country": "NO", "currency": "NOK", "time_zone": "Europe/Oslo", "language": "nb",
        "week_starts_on": "monday",
    }  # fmt: skip
    assert written["sources"]["sample_shop"] == {"enabled": False}
    text = (tmp_path / "shop/fairlead.toml").read_text()
    again = init("--folder", "shop", "--country", "SE")
    assert again["files"] == [] and (tmp_path / "shop/fairlead.toml").read_text() == text
    assert again["would_change"]["project.default_country"] == {"now": "NO", "wished": "SE"}
    assert "project.currency" not in again["would_change"]  # what no option says stays as it is
    assert init("--folder", "shop")["would_change"] == {}


def test_switching_the_sample_off_takes_the_bundled_syncs_out_of_use_and_no_other(tmp_path: Path) -> None:
    init("--folder", "shop", "--no-sample")
    on, off = load_settings(), load_settings(project={"folder": str(tmp_path / "shop")})
    syncs = load_syncs(on)
    assert all("sample_shop is switched off" in why_off(off, sync) for sync in syncs.values())
    assert not any("sample_shop" in why_off(on, sync) for sync in syncs.values())
    own = next(iter(syncs.values())).model_copy(update={"needs_source": None})
    assert "sample_shop" not in why_off(off, own)
    gone = own.model_copy(update={"needs_source": "nowhere"})
    assert why_off(on, gone) == "its source nowhere is not there"


def test_the_example_names_each_secret_of_what_is_in_use_and_no_value(tmp_path: Path, monkeypatch) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "fairlead.toml").write_text(
        "[channels.brevo.options]\ntoken_env = 'MY_BREVO'\n[channels.webhook]\nsecret_env = 'MY_HOOK'\n"
        "[channels.meta]\nenabled = false\n"
    )
    (shop / "sources").mkdir()
    (shop / "sources/crm.yml").write_text(
        "description: x\ndefaults: {url: 'https://crm.example.com'}\ntables:\n  people:\n    kind: http\n    path: /p\n"
        "    key: [id]\n    auth: {type: bearer, secret: CRM_TOKEN}\n    columns: {id: {type: text, required: true}}\n"
    )
    monkeypatch.setenv("MY_BREVO", "a-real-token")
    answer = init("--folder", "shop", "--no-sample")
    text = (shop / ".env.example").read_text()
    for name in ("MY_BREVO=", "MY_HOOK=", "CRM_TOKEN=", "FAIRLEAD_HOME=", "FAIRLEAD_PROJECT__FOLDER="):
        assert f"\n{name}\n" in text, (name, text, answer)
    assert "a-real-token" not in text and "META" not in text
    (shop / "fairlead.toml").write_text("[channels.braze]\n")
    assert init("--folder", "shop")["lacking_in_env_example"] == ["FAIRLEAD_BRAZE_API_KEY"]


def test_all_wrong_options_are_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    answer = init(
        "--folder", "shop", "--country", "XX", "--currency", "euro", "--time-zone", "Mars",
        "--week-starts-on", "friday", code=2,
    )  # fmt: skip
    assert all(
        f"{option}: " in answer["error"] for option in ("--country", "--currency", "--time-zone", "--week-starts-on")
    )
    assert not (tmp_path / "shop").exists()
    (tmp_path / "file").touch()
    assert "no folder" in init("--folder", "file", code=2)["error"]
    assert "Fairlead itself" in init("--folder", str(load_settings().root), code=2)["error"]


@pytest.mark.parametrize(("country", "currency"), [("br", "BRL"), ("PL", "PLN"), ("at", "EUR")])
def test_the_currency_is_that_of_the_country_where_no_option_says_another(tmp_path: Path, country, currency) -> None:
    init("--folder", "shop", "--country", country)
    assert tomllib.loads((tmp_path / "shop/fairlead.toml").read_text())["project"]["currency"] == currency


def test_a_home_that_holds_the_sample_shop_is_told_before_a_companys_people_join_it(tmp_path: Path) -> None:
    assert "holds the sample shop" not in init("--folder", "first")["next"]
    settings = load_settings()
    with connect(settings, writer="raw") as db:
        db.load("raw.pulls", pa.table({"source": ["sample_shop"]}), mode="create")
    answer = init("--folder", "second")
    assert "holds the sample shop" in answer["next"] and "FAIRLEAD_HOME" in answer["next"]
    assert "holds the sample shop" not in init("--folder", "third", "--sample")["next"]
