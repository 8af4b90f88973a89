"""Whose records and identifiers were on an earlier day: by what has changed since, so that the day can be computed
again, or the days after it taken back.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.schemas import IDENTIFIERS, PAST, RECORD_PEOPLE, History

RECORD = "record"  # kind of a row of PAST that is of a record; of an identifier it is the identifier's own


def as_of(history: History, day: date) -> History:
    """History as it stood at the end of `day`. What was decided before changes were written down is as it is now."""
    later = history.past.filter(pc.greater(history.past["until_day"], pa.scalar(day, pa.date32())))
    if not later.num_rows:
        return history
    first = later.to_pandas(date_as_object=True).sort_values("until_day").drop_duplicates(["kind", "name"])
    is_record = (first["kind"] == RECORD).to_numpy()
    merged, since = history.merges["merged_day"], pc.min(history.past["until_day"])
    is_told = pc.and_(pc.greater(merged, pa.scalar(day, pa.date32())), pc.greater_equal(merged, since))
    return replace(
        history,
        record_people=_restored(history.record_people, RECORD_PEOPLE, "record_id", first[is_record]),
        identifiers=_restored(history.identifiers, IDENTIFIERS, "identifier", first[~is_record]),
        merges=history.merges.filter(pc.invert(is_told)),
    )


def _restored(now: pa.Table, schema: pa.Schema, name: str, first: pd.DataFrame) -> pa.Table:
    names = pa.array(first["name"], pa.string())
    others = now.filter(pc.invert(pc.is_in(now[name].cast("string"), value_set=names))).select(schema.names)
    rows = first[first["person_id"].notna()].rename(columns={"name": name})
    columns = [pa.array(rows[column], schema.field(column).type, from_pandas=True) for column in schema.names]
    return pa.concat_tables([others.cast(schema), pa.table(columns, schema=schema)])


def changes(before: History, record_people: pa.Table, identifiers: pa.Table, past: pa.Table, day: date) -> pa.Table:
    """PAST after the night of `day`: what was there by then, and whose each was until today that is another's now.

    before   as_of(history, day). Of a first night, before which no id was given, nothing is written; one after a day
             without anybody is no first one.
    """
    kept = past.filter(pc.less_equal(past["until_day"], pa.scalar(day, pa.date32())))
    if not before.issued.num_rows:
        return kept
    found = [_changed(before.record_people, record_people, "record_id", day),
             _changed(before.identifiers, identifiers, "identifier", day)]  # fmt: skip
    new = pa.concat_tables(found)
    of_today = kept.filter(pc.equal(kept["until_day"], pa.scalar(day, pa.date32())))
    is_there = pc.is_in(_keys(new), value_set=_keys(of_today))  # by an earlier run of this day
    return pa.concat_tables([kept, new.filter(pc.invert(is_there))]).combine_chunks()


def _changed(before: pa.Table, now: pa.Table, name: str, day: date) -> pa.Table:
    old, new = before[name].cast("string").combine_chunks(), now[name].cast("string").combine_chunks()
    place = pc.index_in(new, value_set=old)
    was = before["person_id"].cast("string").combine_chunks().take(place)
    is_new = pc.fill_null(pc.not_equal(was, now["person_id"].cast("string").combine_chunks()), True)
    is_gone = np.ones(len(old), dtype=bool)
    is_gone[place.drop_null().to_numpy()] = False
    rows = [before.filter(pa.array(is_gone)), before.take(place.filter(pc.and_(is_new, pc.is_valid(place))))]
    told = pa.concat_tables(
        [_rows(table[name], table["person_id"], table, day) for table in rows]
        + [_rows(now[name].filter(pc.and_(is_new, pc.is_null(place))), None, now, day)]
    )
    return told


def _rows(names: pa.ChunkedArray, people: pa.ChunkedArray | None, table: pa.Table, day: date) -> pa.Table:
    names = names.cast("string").combine_chunks()
    is_identifier = "identifier" in table.column_names
    kind = pc.list_element(pc.split_pattern(names, ":", max_splits=1), 0) if is_identifier else None
    since = table["first_seen_day"].combine_chunks() if is_identifier and people is not None else None
    columns = {
        "kind": pa.repeat(RECORD, len(names)) if kind is None else kind,
        "name": names,
        "person_id": pa.nulls(len(names), pa.string()) if people is None else people.cast("string").combine_chunks(),
        "until_day": pa.repeat(pa.scalar(day, pa.date32()), len(names)),
        "first_seen_day": pa.nulls(len(names), pa.date32()) if since is None else since.cast("date32"),
    }
    return pa.table([columns[field.name] for field in PAST], schema=PAST)


def _keys(rows: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(rows["kind"], rows["name"], ":").combine_chunks()
