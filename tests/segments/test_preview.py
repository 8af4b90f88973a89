"""`fairlead preview`: one edited segment against last night's marts, and the SQL that it runs, which is dbt's."""

import re
from datetime import date
from pathlib import Path

import pytest
from support.shop import ROOT, Shop

from core.building.rendering import NeedsDbtError, Renderer
from core.errors import ConfigError
from core.settings import load_settings
from core.warehouse import connect
from insight.preview import preview

NIGHT_2 = "2026-03-29"
# their SQL is another once they stand: they read their own rows of the build before
OF_THEMSELVES = {
    "int_daily__web", "int_events__distinct", "int_messages__distinct", "segment_membership", "segment_days",
    "data_quality",
}  # fmt: skip


def plain(sql: str) -> str:
    """Without comments, white space, quotes and the name of the database."""
    bare = re.sub(r"--[^\n]*", "", sql).replace('"warehouse".', "").replace('"', "")
    return re.sub(r"\s+", "", bare).lower()


def test_every_model_comes_out_as_dbt_compiled_it(shop):
    settings = load_settings(home=shop.home)
    compiled = shop.home / "dbt/target/compiled/fairlead/models"
    models = sorted((ROOT / "dbt_project/models").rglob("*.sql"))
    same, different, needs_dbt = [], [], []
    with connect(settings) as db:
        renderer = Renderer(settings, db, date.fromisoformat(NIGHT_2))
        for path in models:
            try:
                sql = renderer.render(path, path.name)
            except NeedsDbtError:
                needs_dbt.append(path.stem)
                continue
            by_dbt = (compiled / path.relative_to(ROOT / "dbt_project/models")).read_text()
            (same if plain(sql) == plain(by_dbt) else different).append(path.stem)
    assert set(different) <= OF_THEMSELVES and len(same) > 100
    assert len(needs_dbt) <= 14 and {s for s in same if s.startswith("segment__")} >= {
        path.stem for path in models if path.stem.startswith("segment__")
    }


def test_an_unedited_segment_is_as_it_was_built_and_so_is_each_audience_of_it(shop):
    settings = load_settings(home=shop.home)
    found = preview(settings, "champions", None, 5)
    assert (found["day"], found["rendered_by"]) == (NIGHT_2, "fairlead")
    assert found["people"] == found["before"] > 0 and found["entering"] == found["leaving"] == 0
    built = shop.rows("select sync, count(*) from marts.audiences where included group by sync")
    ours = {row["sync"]: row["audience"] for row in found["syncs"]}
    assert ours and ours == {sync: people for sync, people in built if sync in ours}
    held = shop.rows("""select reason, count(*) from marts.audiences
        where sync = 'champions__csv_outbox' and not included group by reason""")
    (sync,) = [row for row in found["syncs"] if row["sync"] == "champions__csv_outbox"]
    there = shop.rows("""select count(*) from activation.delivered where sync = 'champions__csv_outbox'
        and delivered_hash is not null""")[0][0]
    assert sync["adds"] + sync["unchanged"] == sync["audience"] and sync["unchanged"] <= there
    assert sum(sync["held_back"].values()) <= sum(people for _, people in held)
    overlap = shop.rows("""select other.segment, count(*) from marts.segment_membership as other
        join marts.segment_membership as own on own.person_id = other.person_id
        where own.segment = 'champions' and own.left_day is null and other.left_day is null
        and other.segment <> 'champions' group by 1""")
    assert dict(overlap).items() >= {row["segment"]: row["people"] for row in found["overlap"]}.items()


@pytest.fixture
def own(tmp_path, shop) -> "Own":
    return Own(tmp_path / "ours", shop)


class Own:
    """A company's folder with one segment of its own, read over the shop's home."""

    def __init__(self, folder: Path, shop: Shop) -> None:
        self.file = folder / "segments/segment__tried.sql"
        self.file.parent.mkdir(parents=True)
        self.file.with_suffix(".yml").write_text("models: [{name: segment__tried}]\n")
        settings = load_settings(home=shop.home)
        project = settings.project.model_copy(update={"folder": str(folder)})
        self.settings = settings.model_copy(update={"project": project})

    def preview(self, sql: str) -> dict:
        self.file.write_text(sql)
        return preview(self.settings, "tried", None, 3)


def test_a_new_segment_says_who_comes_and_why(own, shop):
    found = own.preview("select person_id, lifetime_orders from {{ ref('profiles') }} where lifetime_orders >= 2")
    people = shop.rows("select count(*) from marts.profiles where lifetime_orders >= 2")[0][0]
    assert found["people"] == found["entering"] == people > 0 and found["before"] == 0 and found["syncs"] == []
    assert len(found["enters"]) == 3 and all(row["lifetime_orders"] >= 2 for row in found["enters"])


def test_a_sync_that_no_build_has_seen_is_named(own, shop):
    sync = own.file.parents[1] / "syncs/tried__csv_outbox.yml"
    sync.parent.mkdir()
    sync.write_text("segment: tried\nmode: mirror\n")
    sync.with_name("broken__csv_outbox.yml").write_text("- [")
    found = own.preview("select person_id from {{ ref('profiles') }}")
    assert found["unbuilt_syncs"] == ["tried__csv_outbox"] and found["syncs"] == []
    assert preview(own.settings, "champions", None, 3)["unbuilt_syncs"] == []


def test_an_empty_one_says_what_nobody_fulfils(own):
    found = own.preview("select person_id from {{ ref('profiles') }} where lifetime_orders > 10000000")
    assert found["people"] == 0 and "lifetime_orders > 10000000" in found["empty_because"]


def test_rows_of_nobody_and_of_one_person_twice_are_counted(own):
    found = own.preview("select person_id from {{ ref('orders') }}")
    assert found["without_person"] > 0 and found["repeated"] > 0


@pytest.mark.parametrize(
    "sql, words",
    [
        ("select personn_id from {{ ref('profiles') }}", "personn_id"),
        ("select customer_key as who from {{ ref('profiles') }}", "customer_key"),
        ("select email from {{ ref('profiles') }}", "no column person_id"),
        ("select person_id from {{ ref('profile') }}", "profile was not built, or no file has it"),
        ("select person_id\nfrom {{ ref('profiles') }\n", "segment__tried.sql line 2"),
        ("select person_id from", "segment__tried.sql"),
        ("drop table marts.profiles", "segment__tried.sql"),
        ("select 1 as person_id; drop table marts.profiles", "segment__tried.sql"),
        ("", "segment__tried.sql"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file(own, shop, sql, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        own.preview(sql)
    assert shop.rows("select count(*) from marts.profiles")[0][0] > 0


def test_a_name_that_no_file_has_is_told_with_those_that_are(shop):
    with pytest.raises(ConfigError, match=r"No segment 'champion'.*champions"):
        preview(load_settings(home=shop.home), "champion", None, 3)


def test_before_the_first_night_it_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="No night was built yet"):
        preview(load_settings(home=tmp_path / "home"), "champions", None, 3)
