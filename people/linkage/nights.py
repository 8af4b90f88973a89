"""A night's links from yesterday's: only what is new, changed or gone is compared, with all others."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.settings import Settings
from people.linkage.links import LINKS, find_links, recompared
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
    again = recompared(new, spec, model, records, gone, settings)
    touches = pc.or_(pc.is_in(links["record_a"], value_set=again), pc.is_in(links["record_b"], value_set=again))
    kept = links.filter(pc.invert(touches)).cast(LINKS)
    found = find_links(new, spec, model, records, gone, settings)
    return pa.concat_tables([kept, found]).sort_by([("record_a", "ascending"), ("record_b", "ascending")])


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
