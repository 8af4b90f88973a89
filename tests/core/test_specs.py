import os
from pathlib import Path

import pytest
from pydantic import Field

from core.errors import ConfigError
from core.specs import Spec, load_spec, load_specs


class Inner(Spec):
    share: float = Field(ge=0, le=1)


class Demo(Spec):
    name: str
    horizon_days: int
    rules: tuple[Inner, ...] = ()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_three_mistakes_are_reported_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "demo.yml", "horizon_days: soon\nretention_day: 3\nrules:\n  - share: 0.1\n  - share: 7\n")
    with pytest.raises(ConfigError) as failure:
        load_spec(path, Demo, root=tmp_path, name="demo")
    mistakes = failure.value.mistakes
    assert len(mistakes) == 3
    assert any(m.startswith("demo.yml:1: horizon_days:") for m in mistakes)
    assert any(
        m.startswith("demo.yml:2: retention_day:") and "Known keys: name, horizon_days, rules" in m for m in mistakes
    )
    assert any(m.startswith("demo.yml:5: rules.1.share:") for m in mistakes)


def test_a_key_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path / "demo.yml", "horizon_days: 1\nhorizon_days: 2\n")
    with pytest.raises(ConfigError, match=r"demo\.yml:2: horizon_days: stands twice"):
        load_spec(path, Demo, root=tmp_path, name="demo")


@pytest.mark.parametrize("text", ["", "- a\n", "a: [1\n", "\x00", "a: &x *x\n"])
def test_what_is_no_mapping_is_said_and_never_a_traceback(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"demo\.yml"):
        load_spec(write(tmp_path / "demo.yml", text), Demo, root=tmp_path, name="demo")


@pytest.mark.parametrize(
    ("text", "why"), [
        ("name: a\nreview: 2026-02-30\n", ":2: .*no timestamp"), ("a: 1\n? [a, b]\n: 2\n", ":2: .*one word"),
        ("? {a: 1}\n: 2\n", ":1: .*one word"),
        ("a: 1\nb: &x [*x]\n", ":2: .*what it stands in"), ("b: &x\n  c: *x\n", "what it stands in"),
        ("a: 1\nb: !!int x\n", ":2: .*no int"),
        ("a: !!timestamp z\n", ":1: .*no timestamp"), ("a: " + "9" * 5000, ":1: .*no int"),
        ("a: " + "[" * 2000 + "]" * 2000, "too deeply"),
        ("a: !!python/object:os.system x\n", ":1: .*tag"), ("null: 1\n2026-01-01: 2\n", "null|None"),
        ("l0: &l0 [x]\n" + "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30)), ":1: l0"),
    ],
)  # fmt: skip
def test_what_yaml_reads_and_nobody_can_use_is_told_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"demo\.yml{why}" if why.startswith(":") else why):
        load_spec(write(tmp_path / "demo.yml", text), Demo, root=tmp_path, name="demo")


@pytest.mark.parametrize("kind", ["folder", "dead link", "pipe"])
def test_what_has_a_specs_name_and_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "demo.yml"
    {"folder": path.mkdir, "dead link": lambda: path.symlink_to("gone"), "pipe": lambda: os.mkfifo(path)}[kind]()
    with pytest.raises(ConfigError, match=r"demo\.yml: is no file"):
        load_spec(path, Demo, root=tmp_path, name="demo")


def test_the_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    write(tmp_path / "a.yml", "x: 1\n")
    write(tmp_path / "b.yml", "horizon_days: 2\n")
    write(tmp_path / "c.yml", "horizon_days: soon\n")
    with pytest.raises(ConfigError) as failure:
        load_specs(tmp_path.glob("*.yml"), lambda p: load_spec(p, Demo, root=tmp_path, name=p.stem))
    assert {m.split(":")[0] for m in failure.value.mistakes} == {"a.yml", "c.yml"}


def test_a_spec_is_frozen(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path / "demo.yml", "horizon_days: 2\n"), Demo, name="demo")
    with pytest.raises(Exception, match="frozen"):
        spec.horizon_days = 3  # type: ignore[misc]
