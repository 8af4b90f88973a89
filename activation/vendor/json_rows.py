"""Arrow columns -> JSON text, a row at a time for the reader and a column at a time for the machine."""

import json

import pyarrow as pa
import pyarrow.compute as pc

CONTROL = r"[\x00-\x1f]"  # what JSON wants escaped beside the quote and the backslash (RFC 8259 7)


def json_rows(table: pa.Table) -> pa.Array:
    """(n,) text: each row as a JSON object, columns in order, NULL and what is no finite number as null, UTF-8 kept.

    table   plain types only: string, int64, double, bool
    """
    if not table.num_columns:
        return pa.repeat("{}", len(table))
    parts: list[pa.Array | pa.Scalar] = []
    for at, name in enumerate(table.column_names):
        head = ("{" if at == 0 else ",") + json.dumps(name, ensure_ascii=False) + ":"
        parts += [pa.scalar(head), _values(table[name].combine_chunks())]
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), "")


def json_list(rows: pa.Array) -> bytes:
    """(n,) JSON texts -> one JSON array."""
    offsets = pa.array([0, len(rows)], pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, rows), ",")
    return b"[" + joined[0].as_buffer().to_pybytes() + b"]"


def json_texts(values: pa.Array) -> pa.Array:
    """(n,) text -> (n,) quoted JSON strings, NULL as null."""
    return _values(values.cast(pa.string()))


def table_of(rows: pa.Array, schema: pa.Schema) -> pa.Table:
    """The way back: (n,) JSON objects -> columns of `schema`; NULL where the row is NULL or has no such name."""
    from pyarrow import json as reader

    if not len(rows) or rows.null_count == len(rows):
        return pa.table({f.name: pa.nulls(len(rows), f.type) for f in schema}, schema)
    whole = pc.fill_null(rows, "{}")
    lines = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(whole)], pa.int32()), whole), "\n")
    text = lines[0].as_buffer()
    longest = int(pc.max(pc.binary_length(whole)).as_py()) + 1
    options = reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    block = reader.ReadOptions(block_size=max(1 << 20, longest + 1))
    try:
        return reader.read_json(pa.BufferReader(text), block, options).select(schema.names)
    except pa.ArrowInvalid:  # a column has another type since: what cannot be read as it is not known
        rows_then = [json.loads(row) for row in whole.to_pylist()]
        return pa.table(
            {f.name: pa.array([_as(r.get(f.name), f.type) for r in rows_then], f.type) for f in schema}, schema
        )


def _as(value: object, kind: pa.DataType) -> object:
    try:
        text = str(value) if pa.types.is_string(kind) and value is not None else value
        return pa.scalar(text, kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _values(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_string(kind):
        return pc.fill_null(_quoted(column), "null")
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    return pc.fill_null(column.cast(pa.string()), "null")


def _quoted(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, CONTROL)).as_py():
        dictionary = texts.dictionary_encode()
        return pa.array(
            [json.dumps(t, ensure_ascii=False) for t in dictionary.dictionary.to_pylist()], pa.string()
        ).take(dictionary.indices)
    if pc.any(pc.match_substring_regex(texts, r'["\\]')).as_py():
        texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise(pa.scalar('"'), texts, pa.scalar('"'), "")
