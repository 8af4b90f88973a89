"""A connector is chosen by its name: its files come under the source's own, whole, linted, and never over others."""

import json
from typing import Any

import pytest
import yaml
from support.little_project import Project
from support.shop import ROOT
from typer.testing import CliRunner

from connectors.catalogue.choose import FOLDER, connectors, files_of, new_from_connector, source_of
from connectors.source_files import find_sources
from connectors.understand.entities import ENTITIES
from core.errors import ConfigError
from fairlead import app

MOST_LINES = 300


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["new", "source", *words])


def test_a_connector_is_written_under_the_sources_own_name(project: Project, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_ROOT", str(project.root))
    monkeypatch.setenv("FAIRLEAD_HOME", str(project.home))
    result = json.loads(run("my_shop", "--connector", "shopify", "--json").stdout)
    assert result["files"][0] == "connectors/sources/my_shop.yml"
    assert "dbt_project/models/staging/my_shop/stg_my_shop__orders.sql" in result["files"]
    assert list(result["give"]) == [
        "FAIRLEAD_SOURCES__MY_SHOP__URL", "FAIRLEAD_MY_SHOP_CLIENT_ID", "FAIRLEAD_MY_SHOP_CLIENT_SECRET",
    ]  # fmt: skip
    assert "fairlead pull my_shop" in result["next"] and result["page"] == "docs/sources/shopify.md"
    assert list(find_sources(project.settings)) == ["my_shop"]
    again = run("my_shop", "--connector", "stripe")
    assert again.exit_code == 2 and "is there already" in again.output
    page = run("other_shop", "--connector", "shopify").output
    assert "FAIRLEAD_OTHER_SHOP_CLIENT_SECRET" in page
    assert list(find_sources(project.settings)) == [
        "my_shop",
        "other_shop",
    ]


def test_a_companys_own_folder_takes_them(project: Project):
    own = project.root.parent / "my_company"
    own.mkdir()
    project.settings_given = {"project": {"folder": str(own)}}
    result = new_from_connector(project.settings, "shop", "stripe")
    assert (own / "sources/shop.yml").is_file() and (own / "staging/shop/stg_shop__people.sql").is_file()
    assert result["files"][0] == "my_company/sources/shop.yml"
    assert list(result["give"]) == ["FAIRLEAD_SHOP_KEY"]  # its address is known


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shop"], "either --from PATH or --connector NAME"),
        (["shop", "--from", "a.csv", "--connector", "shopify"], "either --from PATH or --connector NAME"),
        (["shop", "--connector", "shopfy"], "No connector 'shopfy'. Connectors:"),
        (["My Shop", "--connector", "shopify"], "cannot be a name"),
        (["shop", "--connector", "shopify", "--ask"], "--ask goes with --from"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_told_with_what_can(project: Project, monkeypatch, words, told):
    monkeypatch.setenv("FAIRLEAD_ROOT", str(project.root))
    monkeypatch.setenv("FAIRLEAD_HOME", str(project.home))
    result = run(*words)
    assert result.exit_code == 2 and told in " ".join(result.output.replace("│", " ").split())
    assert not list((project.root / "connectors/sources").iterdir())


def test_an_unknown_connector_names_the_known_ones(project: Project):
    with pytest.raises(ConfigError, match=r"Connectors: .*shopify.*stripe.*woocommerce"):
        new_from_connector(project.settings, "shop", "magento")


def test_who_answers_for_the_consents_stands_in_their_model_and_goes_with_consents_alone(project: Project):
    waits = new_from_connector(project.settings, "first", "shopify")
    assert "does not count yet" in waits["next"]
    named = new_from_connector(project.settings, "second", "shopify", confirmed_by="Ann O'Neil {{ 1 }}")
    assert "does not count" not in named["next"]
    model = (project.root / "dbt_project/models/staging/second/stg_second__consents.sql").read_text()
    assert "{% set confirmed_by = 'Ann O Neil    1   ' %}" in model
    with pytest.raises(ConfigError, match="stripe brings no consents"):
        new_from_connector(project.settings, "third", "stripe", confirmed_by="Ann")


@pytest.mark.parametrize("connector", connectors())
def test_every_connector_is_whole(connector):
    source = source_of("my_shop", connector)
    folder = FOLDER / connector
    staged = {path.stem for path in (folder / "staging").glob("*.sql")}
    assert staged and staged <= set(ENTITIES)
    schema = yaml.safe_load(files_of("my_shop", connector)["dbt_project/models/staging/my_shop/_my_shop.yml"])
    assert {m["name"] for m in schema["models"]} == {f"stg_my_shop__{entity}" for entity in staged}
    assert {t["name"] for t in schema["sources"][0]["tables"]} == {f"my_shop__{table}" for table in source.tables}
    for path, text in files_of("my_shop", connector).items():
        assert "{source}" not in text and "{SOURCE}" not in text and connector not in path
        assert len(text.splitlines()) <= MOST_LINES
    for table in source.tables.values():
        assert all(variable.startswith("FAIRLEAD_MY_SHOP_") for variable in table.secrets)
        assert not table.forgets_late_rows, "a cursor wants late_days"


@pytest.mark.parametrize("connector", connectors())
def test_the_staging_models_pass_the_lint_of_ours(connector, tmp_path):
    from sqlfluff.core import FluffConfig, Linter

    for path, text in files_of("my_shop", connector).items():
        if path.endswith(".sql"):
            (tmp_path / path.rpartition("/")[2]).write_text(text)
    (tmp_path / ".sqlfluff").write_text((ROOT / "dbt_project/.sqlfluff").read_text())  # of one file it looks there
    linter = Linter(config=FluffConfig.from_path(str(tmp_path)))
    faults = [f"{v.rule_code()} {v.line_no}: {v.desc()}" for v in linter.lint_path(str(tmp_path)).get_violations()]
    assert not faults


@pytest.mark.parametrize("connector", connectors())
def test_every_connector_has_a_page_that_the_list_leads_to(connector):
    pages = ROOT / "docs/sources"
    text = (pages / f"{connector}.md").read_text()
    assert f"--connector {connector}" in text and "## Deletions" in text and "## Limits" in text
    listed = (pages / "README.md").read_text()
    assert f"({connector}.md)" in listed


def test_the_list_of_connectors_is_the_folder():
    pages = {path.stem for path in (ROOT / "docs/sources").glob("*.md")} - {"README"}
    assert pages == set(connectors())
