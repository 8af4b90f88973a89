"""SQL of the project holds to what every engine has; what they say differently stands in a macro for each of them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACROS = sorted((ROOT / "dbt_project/macros").glob("*.sql"))
MODELS = sorted(
    [*(ROOT / "dbt_project/models").rglob("*.sql"), *(ROOT / "connectors/catalogue").rglob("staging/*.sql")]
)
DEFINED = re.compile(r"{%-? *(?:macro|test|materialization) +(\w+)")
# Iceberg's own columns, in any table of it: https://iceberg.apache.org/spec/#reserved-field-ids
RESERVED = (
    "_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number",
    "_change_type", "_change_ordinal", "_commit_snapshot_id",
)  # fmt: skip
# What is reckoned with days and instants, by dbt's macros or an engine's own words; `extract` all of them have.
RECKONED = (
    r"dbt\.(date|last_day|current_timestamp)\w*", r"\b(date_?(add|sub|diff|trunc|part)|timestamp(add|diff))\s*\(",
    r"\binterval\b", r"\b(current_date|current_timestamp|now|age|to_char|strftime|strptime|epoch)\s*\(",
    r"\bat time zone\b", r"::",
)  # fmt: skip


def code(path: Path) -> str:
    """A file without its comments, of SQL and of Jinja, and without texts between quotes of SQL."""
    text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def macros() -> dict[str, str]:
    """Every macro's own text by its name."""
    found = {}
    for path in MACROS:
        text, starts = code(path), [*DEFINED.finditer(code(path))]
        ends = [start.start() for start in starts[1:]] + [len(text)]
        found |= {start.group(1): text[start.start() : end] for start, end in zip(starts, ends, strict=True)}
    return found


@pytest.mark.parametrize("path", [*MODELS, *MACROS], ids=lambda path: path.stem)
def test_no_column_has_a_name_that_iceberg_keeps_for_itself(path: Path) -> None:
    assert not re.findall(rf"(?<!\w)(?:{'|'.join(RESERVED)})(?!\w)", code(path))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_reckons_with_days_by_our_own_macros(path: Path) -> None:
    assert not [word.group() for pattern in RECKONED for word in re.finditer(pattern, code(path), re.IGNORECASE)]


def test_dbt_s_own_date_arithmetic_stands_behind_our_macros_alone() -> None:
    """On Sail dbt's `dateadd` is another day, without a word."""
    assert {name for name, text in macros().items() if re.search(r"dbt\.date(add|diff)", text)} == {
        "default__days_after", "default__years_after", "default__days_between", "default__seconds_after",
        "default__seconds_between",
    }  # fmt: skip


def test_whatever_an_engine_says_differently_is_said_for_spark_too() -> None:
    known = macros()
    dispatched = {name for text in known.values() for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", text)}
    assert dispatched
    for name in dispatched:
        assert f"spark__{name}" in known, name
        assert f"default__{name}" in known or {f"duckdb__{name}", f"postgres__{name}"} <= known.keys(), name


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_no_hook_is_one_that_dbt_does_not_run_on_spark(path: Path) -> None:
    """One outside of the transaction: people who were forgotten stayed in the training grid there."""
    assert not re.search(r"transaction'?\"? *: *(false|False)|\bbefore_begin\b|\bafter_commit\b", code(path))


def test_no_model_deletes_by_a_subquery() -> None:
    """Spark plans none: what goes is asked first, or the table is replaced."""
    assert {name for name, text in macros().items() if re.search(r"\bdelete from\b", text)} == {
        "forget_slices", "default__forget_grid_rows", "spark__forget_grid_rows", "default__match_extra_columns",
        "rewind",
    }  # fmt: skip
    assert not [path.stem for path in MODELS if re.search(r"\b(delete from|update|truncate)\b", code(path), re.I)]
