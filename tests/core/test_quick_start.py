"""A command that moves no data frame starts without the libraries for them, and whoever needs them finds them."""

import subprocess
import sys

import fairlead
from cli.frames import WITHOUT_FRAMES

SPARED = """
import sys
from core.engines.quick_start import spare_pandas
spare_pandas()
import activation.jobs, pyarrow as pa
from core.settings import load_settings
from core.warehouse import connect
pa.array(["a"])
with connect(load_settings(), writer="activation") as db:
    assert db.query("select $1 as a, $2 as b", ["a", 1])["a"].to_pylist() == ["a"]
    with db.given("rows", pa.table({"a": ["a"]})):
        assert db.query("select count(*) as n from rows where a = $1", ["a"])["n"].to_pylist() == [1]
assert not {"pandas", "sqlglot", "rich", "pygments", "tornado"} & sys.modules.keys(), "what a push imports"
import rich.console  # is there for who asks
table = pa.table({"a": [1.5, None]})
assert table.to_pandas()["a"].isna().tolist() == [False, True], "it is found when a frame is asked for"
assert pa.array(table.to_pandas()["a"]).null_count == 1
"""
ASKED = """
import sys, fairlead
sys.argv = ["fairlead", sys.argv[1], "--help"]
try:
    fairlead.main()
finally:
    import pyarrow as pa
    pa.array(["a"])
    print("pandas" in sys.modules)
"""


def said(code, *words):
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_push_reads_neither_pandas_nor_sqlglot_and_pandas_is_there_for_who_asks():
    said(SPARED)


def test_only_the_commands_that_are_named_go_without_pandas():
    assert said(ASKED, "push").split()[-1] == "False"
    assert said(ASKED, "score").split()[-1] == "True"
    assert set(WITHOUT_FRAMES) <= {command.__name__ for command in fairlead.COMMANDS}
