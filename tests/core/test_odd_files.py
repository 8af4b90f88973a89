"""What lies in a company's folder under a name that is read, and is a pipe, a device, a folder or without end."""

import ast
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from activation.sync import load_syncs
from connectors.source_files import readable_sources
from content.templates import _Environment
from core.build import raw_tables_of, scan
from core.building.dbt_words import words_of
from core.errors import ConfigError
from core.extras.declared import readable
from core.project import texts
from core.project.files import KINDS
from core.run_log import code_version
from core.settings import load_settings
from ml.spec import load_models

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "sources": "odd.yml", "staging": "stg_odd__consents.sql", "segments": "segment__odd.sql", "feeds": "feed__odd.sql",
    "asks": "ask__odd.sql", "cleansing": "cleansing.yml", "quality": "quality.yml",
    "identity": "identity.yml", "golden_record": "golden_record.yml",
    "labels": "labels__odd.sql", "models": "odd.yml", "syncs": "odd__csv_outbox.yml",
}  # fmt: skip
# Who may open files: the guarded reader, and what reads our own (the home, the outbox, the package, data of sources).
OPENERS = {
    "cli/answer.py",
    "core/project/texts.py", "core/project/arrival.py", "core/build.py", "core/building/host.py", "core/lineage.py",
    "core/home.py",
    "core/engines/duckdb.py", "core/engines/duckdb_file.py", "activation/planning/saved.py", "activation/in_jobs.py",
    "activation/planning/compare.py", "core/column_lineage/graph.py", "core/column_lineage/events.py",
    "activation/delivery/journal.py", "activation/ledger/marks.py", "activation/vendor/csv_manifest.py",
    "connectors/spool.py", "connectors/catalogue/choose.py", "connectors/understand/dictionary.py",
    "connectors/understand/looking/folders.py", "connectors/understand/looking/look.py",
    "insight/emptiness.py", "insight/preview.py", "ml/card.py", "people/linkage/model.py", "people/cleansing/jobs.py",
}  # fmt: skip
KINDS_OF_OPENERS = ("activation/channels/", "connectors/kinds/")  # what they open is sent or pulled, not configured


@pytest.fixture(params=["pipe", "device", "folder", "endless"])
def odd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Makes such a thing at a path; whatever waits for it is ended after some seconds."""
    monkeypatch.setattr(texts, "MOST_BYTES", 1 << 20)

    def make(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if request.param == "pipe":
            os.mkfifo(path)
        elif request.param == "device":
            path.symlink_to("/dev/zero")
        elif request.param == "folder":
            path.mkdir()
        else:
            path.write_bytes(b"# \n" * (1 << 20))
        return path

    def hung(*_: object) -> None:
        raise AssertionError("it waits for a file that is none")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(60)
    yield make
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_each_reader_tells_a_file_that_is_none_or_goes_on_without_it(odd, tmp_path):
    assert set(NAMES) == {name for name, kind in KINDS.items() if kind.patterns}
    company = tmp_path / "acme"
    for kind, name in NAMES.items():
        odd(company / KINDS[kind].own / name)
    settings = load_settings(root=ROOT, home=tmp_path / "home", project={"folder": str(company)})
    for fault in (
        lambda: load_syncs(settings), lambda: scan(settings), lambda: load_models(settings),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=r"odd.*(no file that can be read|larger than)"):
            fault()
    _, mistakes = readable_sources(settings)
    assert "odd" in mistakes and "sample_shop" not in mistakes
    assert readable(settings) is not None and raw_tables_of(settings, "consents")
    assert words_of(settings) and code_version(settings.root, company)


def test_settings_and_words_that_are_no_files_are_told(odd, tmp_path):
    odd(tmp_path / "acme" / "fairlead.toml")
    with pytest.raises(ConfigError, match=r"fairlead\.toml"):
        load_settings(root=ROOT, home=tmp_path / "home", project={"folder": str(tmp_path / "acme")})
    path = odd(tmp_path / "words" / "hello.txt")
    if path.is_file():
        with pytest.raises(ConfigError, match="larger"):
            _Environment([path.parent], autoescape=False).get_template("hello.txt")


def test_nobody_but_the_guarded_reader_opens_what_a_company_has_written():
    rooms = ("activation", "cli", "connectors", "content", "core", "insight", "ml", "people")
    openers = set()
    for path in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in ("read_text", "read_bytes", "open", "fdopen"):
                openers.add(path.relative_to(ROOT).as_posix())
    assert not {opener for opener in openers if not opener.startswith(KINDS_OF_OPENERS)} - OPENERS
