"""Every environment variable that a message, a file or a page names is one that something reads."""

import re
from pathlib import Path

import pytest

from connectors.places import mend_of
from connectors.source_files import find_sources
from core.errors import ConfigError
from core.project.sections import ChannelSettings, SectionSettings, SourceSettings
from core.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"FAIRLEAD_[A-Z0-9_]*[A-Z0-9]")
READ = re.compile(  # where a program, dbt, a shell or Compose reads one, or a setting names it by default
    r"""(?:environ(?:\.get)?[\[(]|env_var\(|_env\b[^=\n]*=\s*\(?\s*)\s*["'](FAIRLEAD_\w+)["']|\$[{(](FAIRLEAD_\w+)"""
    r"""|_env["']?\s*[:=]\s*["']?(FAIRLEAD_\w+)|(?:run|with)\w*\(["'](FAIRLEAD_NOTIFY_COMMAND)"""
)
OF_A_SOURCE = re.compile(
    r"""(?:secret|client|refresh|password|[\w-]+-token): ["'](FAIRLEAD_[\w{}]+)["']"""
)  # in a connector's file
OF_ONE = {"SOURCES": SourceSettings, "CHANNELS": ChannelSettings}


def texts() -> dict[Path, str]:
    ends = {".py", ".md", ".toml", ".yml", ".sql", ".mk"}
    skipped = {".venv", ".git", ".fairlead", "tests", "target", "logs"}
    files = [path for path in ROOT.rglob("*") if path.suffix in ends or path.name in ("Dockerfile", "Makefile")]
    return {p: p.read_text() for p in files if p.is_file() and not skipped & set(p.relative_to(ROOT).parts)}


def settings_variables() -> set[str]:
    sections = {name: field.annotation for name, field in Settings.model_fields.items()}
    own = {f"{name}__{key}" for name, kind in sections.items() for key in getattr(kind, "model_fields", ())}
    return {f"FAIRLEAD_{name}".upper() for name in own | {"root", "home"}}


def variables_of_connectors(found: dict[Path, str]) -> set[str]:
    """What a connector's source file names, also under the names that the pages give to sources of it."""
    by_connector = {p.parent.name: OF_A_SOURCE.findall(text) for p, text in found.items() if p.name == "source.yml"}
    named = {pair for text in found.values() for pair in re.findall(r"new source (\w+) --connector (\w+)", text)}
    pairs = {("X", connector) for connector in by_connector} | {(n, c) for n, c in named if c in by_connector}
    return {v.replace("{SOURCE}", name.upper()) for name, connector in pairs for v in by_connector[connector]}


def is_setting(name: str, known: set[str]) -> bool:
    if name in known:
        return True
    section, *rest = name.removeprefix("FAIRLEAD_").split("__")
    if not rest and section.lower() in Settings.model_fields:
        return True  # a page speaks of the whole section: FAIRLEAD_PROJECT__…
    kind: type[SectionSettings] | None = OF_ONE.get(section)
    return kind is not None and (len(rest) < 2 or rest[1].lower() in kind.model_fields)


def is_read(name: str, read: set[str]) -> bool:
    """Itself, or where a part of its name is filled in (X) one that begins like it."""
    return name in read or (name.endswith("_X") and any(one.startswith(name[:-1]) for one in read))


def test_every_variable_that_is_named_anywhere_is_read_somewhere():
    found = texts()
    read = {name for text in found.values() for match in READ.findall(text) for name in match if name}
    read |= variables_of_connectors(found)
    known = settings_variables()
    unknown = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in found.items()
        for name in VARIABLE.findall(re.sub(r"\{[^{}]*\}", "X", text))
        if not is_read(name, read) and not is_setting(name, known)
    }
    assert len(read) > 40 and not unknown, sorted(unknown)


@pytest.mark.parametrize("enabled", [None, False])
def test_the_variable_that_a_source_which_is_off_names_switches_it_on(tmp_path, monkeypatch, enabled):
    for name, source in find_sources(load_settings(home=tmp_path)).items():
        monkeypatch.setenv("FAIRLEAD_ROOT", str(ROOT))
        section = {} if enabled is None else {name: SourceSettings(enabled=enabled)}
        mend = mend_of(load_settings(home=tmp_path, sources=section), source)
        for variable in VARIABLE.findall(mend):
            key = variable.rsplit("__", 1)[1].lower()
            monkeypatch.setenv(variable, "true" if key == "enabled" else "/there")
            found = load_settings(home=tmp_path).sources[name]
            assert getattr(found, key) in (True, "/there"), mend
            monkeypatch.delenv(variable)


def test_a_mistake_names_a_variable_only_where_there_is_one(tmp_path, monkeypatch):
    (tmp_path / "fairlead.toml").write_text('[warehouse]\nengin = "x"\nthreads = "many"\n[alerts]\nemail_to = [7]\n')
    monkeypatch.setenv("FAIRLEAD_ROOT", str(tmp_path))
    with pytest.raises(ConfigError) as failure:
        load_settings(home=tmp_path)
    known = settings_variables()
    named = VARIABLE.findall(str(failure.value))
    assert named and set(named) <= known, named
    assert "warehouse.engin: Extra" in str(failure.value) and "FAIRLEAD_WAREHOUSE__THREADS" in named
