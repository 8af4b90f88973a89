"""Where a company's own files lie, how they are found beside ours, and what is said of those that are not."""

from pathlib import Path

import pytest

from content.templates import compiled
from core.build import scan
from core.errors import ConfigError
from core.home import guard
from core.project.files import files, found, placed, shown
from core.project.links import as_written, dbt_project
from core.project.strays import counts, strays
from core.scaffold import new_segment
from core.settings import Settings, load_settings, project_root

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "fairlead" / "dbt_project" / "models").mkdir(parents=True)
    (tmp_path / "fairlead" / "dbt_project" / "models" / "ours.sql").write_text("select 1")
    write(tmp_path / "fairlead/dbt_project/models/marts/segments/segment__loyal.sql", "select 1")
    (tmp_path / "my_shop").mkdir()
    return of(tmp_path)


def of(place: Path, folder: str = "../my_shop") -> Settings:
    return load_settings(root=place / "fairlead", home=place / "home", project={"folder": folder})


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_the_setting_dbt_reads_our_own_project_and_new_files_stand_in_it(tmp_path: Path) -> None:
    settings = load_settings(root=ROOT, home=tmp_path)
    assert settings.project.folder == ""
    assert dbt_project(settings) == ROOT / "dbt_project"
    assert placed(settings, "activation/syncs/x.yml") == ROOT / "activation/syncs/x.yml"
    assert strays(settings) == [] and not (tmp_path / "dbt").exists()
    assert set(scan(settings)["entities"]["orders"]) >= {"online_retail", "sample_shop"}


def test_the_folder_is_named_from_the_project_and_its_toml_wins_key_by_key(tmp_path, settings, monkeypatch) -> None:
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path / "fairlead"))
    (tmp_path / "fairlead/fairlead.toml").write_text(
        '[project]\nname = "ours"\ncurrency = "GBP"\nfolder = "../my_shop"\n'
        "[sources.sample_shop]\nmax_reject_share = 0.5\n"
    )
    (tmp_path / "my_shop/fairlead.toml").write_text(
        '[project]\nname = "Mine"\nfolder = "elsewhere"\n[sources.sample_shop]\nenabled = false\n'
    )
    read = load_settings(home=tmp_path / "home")
    assert read.project.folder == str(tmp_path / "my_shop")
    assert (read.project.name, read.project.currency) == ("Mine", "GBP")
    assert (read.sources["sample_shop"].enabled, read.sources["sample_shop"].max_reject_share) == (False, 0.5)
    monkeypatch.setenv("FAIRLEAD_PROJECT__NAME", "By environment")
    assert load_settings(home=tmp_path / "home").project.name == "By environment"
    (tmp_path / "my_shop/fairlead.toml").write_text("[project\n")
    with pytest.raises(ConfigError, match=r"my_shop/fairlead\.toml: .*line 1"):
        load_settings(home=tmp_path / "home")


def test_who_stands_in_the_folder_need_not_name_it(tmp_path: Path, monkeypatch) -> None:
    folder = write(tmp_path / "my_shop/fairlead.toml", '[project]\nname = "Mine"\n').parent
    write(folder / "sources/deep/x", "")
    monkeypatch.delenv("FAIRLEAD_ROOT", raising=False)
    monkeypatch.chdir(folder / "sources/deep")
    assert project_root() == ROOT
    assert load_settings(home=tmp_path).project.folder == str(folder)
    monkeypatch.chdir(ROOT / "docs")
    assert load_settings(home=tmp_path).project.folder == ""


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("../nowhere", "is not there"),
        (".", "holds Fairlead itself"),
        ("..", "holds Fairlead itself"),
        ("models", "among Fairlead's own files"),
        ("dbt_project/models", "among Fairlead's own files"),
    ],
)
def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path, settings, folder: str, words: str) -> None:
    (tmp_path / "fairlead/models").mkdir()
    with pytest.raises(ConfigError, match=words):
        of(tmp_path, folder)


def test_a_home_that_holds_the_companys_files_is_refused_before_anything_is_closed(tmp_path: Path, settings) -> None:
    from core.project.files import projects

    write(tmp_path / "my_shop/data.csv").chmod(0o644)
    with pytest.raises(ConfigError, match="holds the project"):
        guard(tmp_path / "my_shop", *projects(settings))
    assert (tmp_path / "my_shop/data.csv").stat().st_mode & 0o044


def test_new_files_go_into_the_folder_and_a_name_of_ours_is_taken(tmp_path: Path, settings) -> None:
    written = new_segment(settings, "buyers")
    assert written["files"] == ["my_shop/segments/segment__buyers.sql", "my_shop/segments/segment__buyers.yml"]
    assert (tmp_path / "my_shop/segments/segment__buyers.sql").is_file()
    with pytest.raises(ConfigError, match=r"dbt_project/models/marts/segments/segment__loyal\.sql is there"):
        new_segment(settings, "loyal")
    with pytest.raises(ConfigError, match=r"my_shop/segments/segment__buyers\.sql"):
        new_segment(settings, "buyers")


def test_a_name_in_both_places_is_an_error_with_both(tmp_path: Path, settings) -> None:
    write(tmp_path / "my_shop/segments/segment__loyal.sql")
    with pytest.raises(ConfigError) as failure:
        scan(settings)
    assert "dbt_project/models/marts/segments/segment__loyal.sql: stands in my_shop/segments/" in str(failure.value)
    assert any("segment__loyal" in text for text in strays(settings))
    write(tmp_path / "my_shop/content/words/hello.txt", "hello")
    assert compiled(settings, "smtp", {"text": "{% include 'hello.txt' %} there"}).parts["text"].render({})
    write(tmp_path / "fairlead/content/words/hello.txt", "hi")
    with pytest.raises(ConfigError, match=r"content/words/hello\.txt: stands in my_shop/content/words/hello\.txt"):
        compiled(settings, "smtp", {"text": "x"})


def test_dbt_reads_links_to_both_and_a_file_that_is_gone_is_gone_there(tmp_path: Path, settings) -> None:
    segment = write(tmp_path / "my_shop/segments/segment__vip.sql", "select 2")
    write(tmp_path / "my_shop/segments/.segment__vip.sql.swp", "x")
    project = dbt_project(settings)
    link = project / "models/marts/segments/own/segment__vip.sql"
    assert link.read_text() == "select 2" and (project / "models/ours.sql").read_text() == "select 1"
    assert len(list(link.parent.iterdir())) == 1
    inode = link.lstat().st_ino
    assert dbt_project(settings) == project and link.lstat().st_ino == inode  # the second run touches nothing
    segment.rename(segment.with_name("segment__best.sql"))
    dbt_project(settings)
    assert not link.is_symlink() and link.with_name("segment__best.sql").read_text() == "select 2"
    told = as_written(settings, "Error in model segment__best (models/marts/segments/own/segment__best.sql)")
    assert told == "Error in model segment__best (my_shop/segments/segment__best.sql)"


def test_what_nobody_would_find_is_told(tmp_path: Path, settings) -> None:
    shop = tmp_path / "my_shop"
    for name in (
        "segment/x.sql",
        "segments/vip.sql",
        "models/again.yaml",
        "sources/_draft.yml",
        "data/x.csv",
        "docs/x.md",
    ):
        write(shop / name)
    write(shop / "staging/stg_till__orders.sql", "select 1")  # also without a folder of its source
    write(shop / "staging/_till.yml")
    texts = strays(settings)
    assert len(texts) == 3, texts
    assert "my_shop/segment/ is read by nobody; my_shop/segments/ is." in texts
    assert "my_shop/segments/vip.sql is found by nobody: here a file is called segment__*.sql." in texts
    assert counts(settings) == {"staging": 1}
    assert scan(settings)["entities"] == {"orders": ["till"]}


def test_the_folder_of_people_holds_several_files_and_each_is_found(tmp_path: Path, settings) -> None:
    names = ("identity", "households", "accounts", "golden_record", "cleansing")
    for name in names:
        write(tmp_path / f"my_shop/people/{name}.yml")
    assert strays(settings) == []
    write(tmp_path / "my_shop/people/goldenrecord.yml")
    (text,) = strays(settings)
    assert text.startswith("my_shop/people/goldenrecord.yml is found by nobody")
    assert all(f"{name}.yml" in text for name in names)


def test_a_file_of_a_folder_within_the_project_is_named_from_the_project(tmp_path: Path, settings) -> None:
    path = write(tmp_path / "fairlead/my_shop/models/again.yml")
    inside = of(tmp_path, "my_shop")
    assert files(inside, "models") == {"again": path} and shown(inside, path) == "my_shop/models/again.yml"
    assert list(found(inside, "models")) == ["again"]
