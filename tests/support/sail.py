"""Nights of the dbt project on Sail, which is Spark's protocol and SQL without a JVM, in a process of their own.

Sail's catalogue lives as long as a session: what one night leaves for the next has to be built by the same process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml
from support.shop import ROOT, environment

SOURCES = ("raw", "identity", "scores", "activation")
BUILT = ("staging", "intermediate", "marts")
# Views of the noes of this moment, which a push reads where it pushes from: Sail plans each for minutes.
OF_THE_MOMENT = ("consent_withdrawals", "address_withdrawals")
# What Spark has no type for, and what a timestamp of its own is: an instant.
AS = {"UUID": "varchar", "JSON": "varchar", "UBIGINT": "varchar", "HUGEINT": "varchar", "TIMESTAMP": "timestamptz"}


@dataclass(frozen=True)
class Night:
    """What is built for which day, from the sources of which warehouses (schema -> file of DuckDB)."""

    day: str
    sources: dict[str, str]
    words: Sequence[str] = ()


def run(home: Path, nights: Sequence[Night], folder: Path, project: Path = ROOT) -> list[dict[str, Any]]:
    """Build the nights one upon the other; of each what failed, and its tables in <folder>/<day>/<schema>.<table>."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nights.json").write_text(json.dumps([asdict(night) for night in nights]))
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, "-m", "support.sail", str(folder)]
    own = environment(home, project, PYTHONPATH=paths)
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=900, cwd=folder)
    answers = folder / "answers.json"
    assert done.returncode == 0 and answers.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(answers.read_text())  # type: ignore[no-any-return]


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
    answers = []
    for number, night in enumerate(json.loads((folder / "nights.json").read_text())):
        for schema, warehouse in night["sources"].items():
            _lay_in(spark, schema, Path(warehouse), folder / f"sources {number}")
        answers.append(_build(folder, port, **night))
        (folder / "answers.json").write_text(json.dumps(answers))
        _hand_out(spark, folder / night["day"])
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


def _build(folder: Path, port: int, day: str, words: Sequence[str], **_: Any) -> dict[str, Any]:
    """`dbt build` as `fairlead build` runs it, on the server; status and words of each node that did not end well."""
    from core.build import dbt_environment, scan
    from core.building import dbt_process
    from core.project.links import dbt_project
    from core.settings import load_settings

    settings, target = load_settings(), folder / "target"
    project = str(dbt_project(settings))
    os.environ.update(dbt_environment(settings, date.fromisoformat(day)))
    os.environ.update(FAIRLEAD_ENGINE="sail", FAIRLEAD_SPARK_PORT=str(port))
    (target / "run_results.json").unlink(missing_ok=True)
    variables = yaml.dump(scan(settings), default_flow_style=True)
    dbt_process.main([
        "build", *words, "--project-dir", project, "--profiles-dir", project, "--target-path", str(target),
        "--log-path", str(folder / "logs"), "--vars", variables,
    ])  # fmt: skip
    if not (target / "run_results.json").is_file():
        return {"nodes": 0, "not_well": {"dbt": "could not run"}}
    nodes = json.loads((target / "run_results.json").read_text())["results"]
    return {
        "nodes": len(nodes),
        "seconds": {n["unique_id"]: n["execution_time"] for n in nodes},
        "not_well": {
            n["unique_id"]: f"{n['status']}: {n['message']}" for n in nodes if n["status"] not in ("success", "pass")
        },
    }


def _hand_out(spark: Any, folder: Path) -> None:
    """What dbt has built, as Parquet: tables, and of views those that somebody reads."""
    for schema in BUILT:
        for table in spark.catalog.listTables(schema):
            if table.isTemporary or (table.tableType == "VIEW" and (schema != "marts" or table.name in OF_THE_MOMENT)):
                continue
            place = folder / f"{schema}.{table.name}"
            place.mkdir(parents=True)  # of a table without rows nothing is written
            spark.table(f"{schema}.{table.name}").write.mode("overwrite").parquet(str(place))


if __name__ == "__main__":
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
    _main(Path(sys.argv[1]))
