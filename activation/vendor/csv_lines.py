"""Rows as CSV for other machines, as all file channels write them.

Values    UTF-8, RFC 4180 quoting, texts always in quotes, NULL empty without quotes, line ends \\n. A text with a NUL
          is refused: no CSV reader agrees on it. A text that a spreadsheet would run as a formula (=, +, -, @, tab,
          line end first; of full width too) gets an apostrophe in front, phone and plain numbers excepted; controls
          that are no white space are left out.
"""

import io

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from activation.channel import ChangeBatch

# OWASP, "CSV injection"; a spreadsheet takes the signs of full width for the plain ones
FORMULA = r"^[=+\-@\t\r\n" + "\uff1d\uff0b\uff0d\uff20]"  # read by Arrow and by Python's own re
CONTROLS = r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f" + "\x80-\x9f]"  # a terminal that shows the file would obey them
HARMLESS = r"^[+-]?[0-9][0-9 .]*$"  # +442079460000 is no formula, and must reach the next machine as it is


def rows_of(batch: ChangeBatch) -> pa.Table:
    """op, person_id (of a feed event_id) and the mapped fields, a row a change."""
    return pa.table(
        [batch.ops, batch.keys, *batch.fields.columns], names=["op", batch.key_name, *batch.fields.column_names]
    )


def csv_lines(rows: pa.Table, header: bool = True, spreadsheet_safe: bool = True) -> memoryview:
    columns = {
        n: calm(c) if spreadsheet_safe and pa.types.is_string(c.type) else c
        for n, c in zip(rows.column_names, rows.columns, strict=True)
    }
    sink = io.BytesIO()
    csv.write_csv(pa.table(columns), sink, csv.WriteOptions(include_header=header, quoting_style="needed"))
    return sink.getbuffer()


def unwritable(fields: pa.Table) -> pa.Array:
    """(n,) the reason why a row cannot stand in a CSV; NULL where it can."""
    reasons = pa.nulls(len(fields), pa.string())
    for name, column in zip(fields.column_names, fields.columns, strict=True):
        if pa.types.is_string(column.type):
            hit = pc.fill_null(pc.match_substring(column, "\x00"), False).combine_chunks()
            reasons = pc.if_else(hit, f"field {name} holds a NUL character", reasons)
    return reasons


def calm(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = pc.replace_substring_regex(column, CONTROLS, "")
    formula = pc.and_(pc.match_substring_regex(column, FORMULA), pc.invert(pc.match_substring_regex(column, HARMLESS)))
    return pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)
