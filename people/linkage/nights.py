"""A night's links from yesterday's: only what is new, changed or gone is compared, with all others."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.settings import Settings
from people.linkage.links import LINKS, find_links, find_links_of
from people.linkage.model import Model
from people.linkage.spec import LinkageSpec


def update_links(
    before: pa.Table, links: pa.Table, records: pa.Table, spec: LinkageSpec, model: Model, settings: Settings
) -> pa.Table:
    """The links of all `records`, as `find_links` would give them.

    before   yesterday's records, and `links` theirs by the same model and spec
    """
    new, gone = _only_in(records, before), _only_in(before, records)
    if not new.num_rows and not gone.num_rows:
        return links
    found, again = find_links_of(new, spec, model, records, gone, settings)
    touches = pc.or_(pc.is_in(links["record_a"], value_set=again), pc.is_in(links["record_b"], value_set=again))
    kept = links.filter(pc.invert(touches)).cast(LINKS)
    return pa.concat_tables([kept, found]).sort_by([("record_a", "ascending"), ("record_b", "ascending")])


def links_of_tonight(records: pa.Table, spec: LinkageSpec, model: Model, folder: Path, settings: Settings) -> pa.Table:
    """All links: from yesterday's where the folder holds them by this model and spec, else by comparing all."""
    place, rules = folder / "night", hashlib.sha256(spec.model_dump_json().encode()).hexdigest()
    before = _read(place, rules, records.schema)
    links = (
        update_links(*before, records, spec, model, settings)
        if before
        else find_links(records, spec, model, settings=settings)
    )
    _keep(place, rules, records, links)
    return links


def _read(place: Path, rules: str, schema: pa.Schema) -> tuple[pa.Table, pa.Table] | None:
    """Yesterday's records and links; None where there are none that can be gone on from."""
    try:
        records, links = pq.read_table(place / "records.parquet"), pq.read_table(place / "links.parquet")
    except (OSError, pa.ArrowException):
        return None
    kept = (records.schema.metadata or {}).get(b"rules", b"").decode()
    return (records, links) if kept == rules and records.schema.names == schema.names else None


def _keep(place: Path, rules: str, records: pa.Table, links: pa.Table) -> None:
    """Both or none: what is half written is not gone on from."""
    shutil.rmtree(place, ignore_errors=True)
    beside = place.with_name(".night")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    pq.write_table(records.replace_schema_metadata({"rules": rules}), beside / "records.parquet")
    pq.write_table(links, beside / "links.parquet")
    beside.rename(place)


def _only_in(records: pa.Table, others: pa.Table) -> pa.Table:
    """Rows that the others do not have just so."""
    names = records.column_names
    mine = pa.table({"key": _whole(records, names), "place": pa.array(np.arange(records.num_rows))})
    theirs = pa.table({"key": _whole(others, names)})
    rest = mine.join(theirs, keys="key", join_type="left anti")
    return records.take(rest["place"].combine_chunks().sort())


def _whole(records: pa.Table, names: list[str]) -> pa.Array:
    """Each row as one text."""
    parts = [_marked(records[name].combine_chunks().cast(pa.string())) for name in names]
    return pc.binary_join_element_wise(*parts, "\x1f")


def _marked(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_valid(values), pc.binary_join_element_wise("=", values, ""), "")
