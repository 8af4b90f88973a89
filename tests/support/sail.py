"""Nights of the dbt project on Sail, which is Spark's protocol and SQL without a JVM, in a process of their own.

Sail's catalogue lives as long as a session: what one night leaves for the next has to be built by the same process. It
is told of a night by a line, as soon as DuckDB has built it, and builds it while DuckDB goes on to the next.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml
from support.shop import ROOT, environment

SOURCES = ("raw", "identity", "scores", "activation")
BUILT = ("staging", "intermediate", "marts")
ENDED_WELL = ("success", "pass", "no-op")  # the last is an exposure: nothing is built for it
SECONDS = 900  # until the last night ends; it is one or two minutes
# What Spark has no type for, and what a timestamp of its own is: an instant.
AS = {"UUID": "varchar", "JSON": "varchar", "UBIGINT": "varchar", "HUGEINT": "varchar", "TIMESTAMP": "timestamptz"}


@dataclass(frozen=True)
class Night:
    """What is built for which day, from the sources of which warehouse (a file of DuckDB)."""

    name: str  # of the folder of its tables
    day: str
    warehouse: str
    command: tuple[str, ...] = ("build",)  # of dbt
    only: tuple[str, ...] = ()  # these tables are handed out; where it is empty all of them, and the views of the marts
    without: tuple[str, ...] = ()  # but not these


class Nights:
    """The process as a test sees it: nights go in one after the other, answers and tables come out at the end."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder = process, folder

    def build(self, night: Night) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: `answers` says why
            self.process.stdin.write(json.dumps(asdict(night)) + "\n")
            self.process.stdin.flush()

    def answers(self) -> dict[str, dict[str, Any]]:
        """Night -> nodes, seconds and what did not end well; its tables stand in <folder>/<night>/<schema>.<table>."""
        with suppress(BrokenPipeError):
            self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, (self.folder / "log").read_text()[-5000:]
        return json.loads((self.folder / "answers.json").read_text())  # type: ignore[no-any-return]


@contextmanager
def nights(home: Path, folder: Path, project: Path = ROOT) -> Iterator[Nights]:
    """The process, with the settings of a home; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, "-m", "support.sail", str(folder)]
    own = environment(home, project, PYTHONPATH=paths)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, env=own, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True, cwd=folder
        )
        try:
            yield Nights(process, folder)
        finally:
            process.kill()
            process.wait()


def _main(folder: Path) -> None:
    """In the process of the nights: a server, a session that dbt finds, and one night after another."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql.connect.session import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for schema in (*SOURCES, *BUILT):  # a table of Delta wants a place that is named from the root
        spark.sql(f"create schema {schema} location '{folder}/tables/{schema}'")
    answers = {}
    for line in sys.stdin:
        night = Night(**json.loads(line))
        for schema in SOURCES:
            _lay_in(spark, schema, Path(night.warehouse), folder / "sources" / night.name)
        answers[night.name] = _dbt(folder, port, night)
        (folder / "answers.json").write_text(json.dumps(answers))
        _hand_out(spark, folder / night.name, night)
    sys.stdout.flush()
    os._exit(0)  # a server that is told to stop waits for sessions that nobody closes


def _lay_in(spark: Any, schema: str, warehouse: Path, folder: Path) -> None:
    """The tables of a schema as they stand in a warehouse of DuckDB, in place of those that are there."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        for table, columns in _tables(db, schema):
            place = folder / f"{schema}.{table}"
            place.mkdir(parents=True, exist_ok=True)
            chosen = ", ".join(f'cast("{c}" as {AS[t]}) as "{c}"' if t in AS else f'"{c}"' for c, t in columns)
            db.execute(f"copy (select {chosen} from {schema}.{table}) to '{place}/rows.parquet' (format parquet)")
            spark.sql(
                f"create or replace table {schema}.{table} using delta options ('overwriteSchema' 'true')"
                f" as select * from parquet.`{place}`"
            )


def _tables(db: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return db.execute(
        "select table_name, list((column_name, data_type) order by ordinal_position)"
        " from information_schema.tables join information_schema.columns using (table_schema, table_name)"
        f" where table_type = 'BASE TABLE' and table_schema = '{schema}' group by all order by all"
    ).fetchall()


def _dbt(folder: Path, port: int, night: Night) -> dict[str, Any]:
    """dbt as `fairlead build` runs it, on the server; status and words of each node that did not end well."""
    from core.build import dbt_environment, scan
    from core.building import dbt_process
    from core.project.links import dbt_project
    from core.settings import load_settings

    settings, target = load_settings(), folder / "target"
    project = str(dbt_project(settings))
    os.environ.update(dbt_environment(settings, date.fromisoformat(night.day)))
    os.environ.update(FAIRLEAD_ENGINE="sail", FAIRLEAD_SPARK_PORT=str(port))
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    code = dbt_process.main([
        *night.command, "--project-dir", project, "--profiles-dir", project, "--target-path", str(target),
        "--log-path", str(folder / "logs"), "--vars", yaml.dump(scan(settings), default_flow_style=True),
    ])  # fmt: skip
    nodes = json.loads(results.read_text())["results"] if results.is_file() else []
    bad = {n["unique_id"]: f"{n['status']}: {n['message']}" for n in nodes if n["status"] not in ENDED_WELL}
    return {
        "nodes": len(nodes),
        "seconds": {n["unique_id"]: n["execution_time"] for n in nodes},
        "not_well": bad or ({"dbt": f"exit {code}"} if code else {}),
    }


def _hand_out(spark: Any, folder: Path, night: Night) -> None:
    """What dbt has built, as Parquet: tables, and of views those that somebody reads."""
    for schema in BUILT:
        for table in spark.catalog.listTables(schema):
            name = f"{schema}.{table.name}"
            is_read = not table.isTemporary and (table.tableType != "VIEW" or schema == "marts")
            if not is_read or name in night.without or name not in (night.only or (name,)):
                continue
            place = folder / name
            place.mkdir(parents=True)  # of a table without rows nothing is written
            spark.table(name).write.mode("overwrite").parquet(str(place))


if __name__ == "__main__":
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
    _main(Path(sys.argv[1]))
