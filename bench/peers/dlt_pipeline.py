"""Run in dlt's environment: a pipeline as its documentation shows one, DuckDB to a sink function that posts what it is
given.

    python dlt_pipeline.py FILE URL FOLDER BATCH FORM CURSOR

FORM     objects (typed JSON lines, the default) or arrow (Parquet files): how the rows lie on disk between extract and
         load
CURSOR   yes: dlt.sources.incremental over updated_at; no: everything at each run
"""

import sys
from collections.abc import Iterator
from typing import Any

import dlt
import duckdb
import orjson
import requests

FETCHED = 50_000  # rows a page of the source


def main() -> None:
    file, url, folder, batch, form, cursor = sys.argv[1:7]
    by_cursor = cursor == "yes"
    session = requests.Session()

    @dlt.destination(
        batch_size=int(batch), loader_file_format="parquet" if form == "arrow" else "typed-jsonl", name="sink",
        naming_convention="direct", skip_dlt_columns_and_tables=True,
    )  # fmt: skip
    def sink(items: Any, table: Any) -> None:
        records = items.to_pylist() if form == "arrow" else items
        headers = {"Content-Type": "application/json"}
        session.post(url, data=orjson.dumps(records, default=str), headers=headers).raise_for_status()

    since: Any = dlt.sources.incremental("updated_at") if by_cursor else None

    @dlt.resource(name="people", primary_key="key")
    def people(changed: Any = since) -> Iterator[Any]:
        fields = "key, email, first_name, last_name, value" + (", updated_at" if by_cursor else "")
        where = f" where updated_at >= '{changed.last_value}'" if changed and changed.last_value else ""
        with duckdb.connect(file, read_only=True) as db:
            result = db.execute(f"select {fields} from people{where}")
            yield from result.to_arrow_reader(FETCHED) if form == "arrow" else _objects(result)

    pipeline = dlt.pipeline("bench", destination=sink, pipelines_dir=folder)
    pipeline.run(people())


def _objects(cursor: Any) -> Iterator[list[dict[str, Any]]]:
    names = [column[0] for column in cursor.description]
    while page := cursor.fetchmany(FETCHED):
        yield [dict(zip(names, row, strict=True)) for row in page]


if __name__ == "__main__":
    main()
