"""Pairs of records that are probably one human, scored by a trained model."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.settings import Settings, load_settings
from people.linkage import blocking, sharing, workbench
from people.linkage.blocking import Connection, Rule
from people.linkage.cleaning import clean
from people.linkage.model import Model
from people.linkage.spec import LinkageSpec
from people.schemas import LINK as LINKS

FAR = 47_482  # 2100-01-01: no birth date is too late where no model says of when it is
CHUNK = 4_000_000  # pairs scored at a time


def find_links(
    records: pa.Table,
    spec: LinkageSpec,
    model: Model,
    against: pa.Table | None = None,
    gone: pa.Table | None = None,
    settings: Settings | None = None,
) -> pa.Table:
    """LINKS: the pairs at or above the review threshold, record_a < record_b, ordered.

    records   the columns of intermediate.int_people__records; what is lacking is NULL
    against   all records of today: then `records` are those that are new or changed, and the links are those of the
              whole run that can be other than before. `find_links_of` names their records: links of yesterday that
              touch one are dropped for these
    gone      with `against`: what changed and deleted records were before
    """
    return find_links_of(records, spec, model, against, gone, settings)[0]


def find_links_of(
    records: pa.Table,
    spec: LinkageSpec,
    model: Model,
    against: pa.Table | None = None,
    gone: pa.Table | None = None,
    settings: Settings | None = None,
) -> tuple[pa.Table, pa.Array]:
    """The links as `find_links` gives them; and with `against` the records whose links these are, all of them: of
    `records`, of what is gone, and of those that bear a value which a cap no longer treats as yesterday.
    """
    with _prepared(records, spec, model, against, gone, settings or load_settings()) as (db, rules, is_partial):
        ids = records["record_id"].cast("string").combine_chunks()
        if is_partial:
            touched = db.execute("select record_id from records where row in (select row from touched)")
            ids = pa.concat_arrays([ids, touched.to_arrow_table()["record_id"].combine_chunks()])
        blocking.make_pairs(db, spec, rules, is_partial)
        links = [score(db, model, part, spec.thresholds.review) for part in _parts(db)]
    if gone is not None:
        ids = pa.concat_arrays([ids, gone["record_id"].cast("string").combine_chunks()])
    ordered = pa.concat_tables([LINKS.empty_table(), *links]).sort_by(
        [("record_a", "ascending"), ("record_b", "ascending")]
    )
    return ordered, pc.unique(ids)


def count_pairs(
    records: pa.Table, spec: LinkageSpec, model: Model | None = None, settings: Settings | None = None
) -> list[Rule]:
    """What each blocking rule would compare, and what it leaves out."""
    placeholders = model.placeholder_dates if model else ()
    with workbench.opened(settings or load_settings()) as db:
        workbench.load(db, spec, clean(records, spec, model.trained_days if model else FAR, placeholders))
        return blocking.count_rules(db, spec)


@contextmanager
def _prepared(
    records: pa.Table, spec: LinkageSpec, model: Model, against: pa.Table | None, gone: pa.Table | None,
    settings: Settings,
) -> Iterator[tuple[Connection, list[Rule], bool]]:  # fmt: skip
    """The records loaded, their rules counted; of a part, table `touched` as well."""
    everybody = clean(records if against is None else against, spec, model.trained_days, model.placeholder_dates)
    with workbench.opened(settings) as db:
        workbench.load(db, spec, everybody)
        rules = blocking.count_rules(db, spec)
        if against is not None:
            _mark_touched(db, spec, model, records, everybody, gone, rules)
        del everybody  # what is scored is in the database by now; two of it would be too much for a small machine
        db.execute("drop table records_read")
        yield db, rules, against is not None


def _mark_touched(
    db: Connection, spec: LinkageSpec, model: Model, new: pa.Table, everybody: pa.Table, gone: pa.Table | None,
    rules: list[Rule],
) -> None:  # fmt: skip
    ids = new["record_id"].cast("string").combine_chunks()
    is_new = pc.is_in(everybody["record_id"], value_set=ids)
    earlier = [everybody.filter(pc.invert(is_new))]
    if gone is not None:
        earlier.append(clean(gone, spec, model.trained_days, model.placeholder_dates))
    workbench.load(db, spec, pa.concat_tables(earlier), "earlier")
    db.register("new_rows", everybody.filter(is_new).select(["row"]))
    db.execute("create or replace table touched as select row from new_rows")
    db.unregister("new_rows")
    blocking.mark_touched(db, spec, rules, blocking.count_rules(db, spec, "earlier"))
    workbench.mark_crossed(db, spec)


def _parts(db: Connection) -> Iterator[str]:
    """Names of tables of at most CHUNK pairs each."""
    count = db.execute("select count(*) from pairs").fetchone()[0]
    for start in range(0, count, CHUNK):
        db.execute(
            f"create or replace table part as select * from pairs where rowid >= {start} and rowid < {start + CHUNK}"
        )
        yield "part"


def score(db: Connection, model: Model, pairs: str, threshold: float | None) -> pa.Table:
    """LINKS of a table of pairs, from the threshold up."""
    predicted = predict(db, model, pairs, threshold)
    links = db.execute(f"""
        with weighed as (
            select p.*, {sharing.label_sql(model.sharing)} as sharers,
                {sharing.probability_sql(model.parameters, model.sharing, model.personal)} as probability
            from {predicted} as p
        ),
        final as (select *, log2(probability / greatest(1 - probability, 1e-15)) as bits from weighed)
        select a.record_id as record_a, b.record_id as record_b, p.probability, p.bits as match_weight,
            {_comparison_text(model.parameters)} as comparison
        from final as p
        inner join records as a on p.row_l = a.row
        inner join records as b on p.row_r = b.row
        where p.probability >= {threshold or 0}""").to_arrow_table()
    db.execute(f"drop table {predicted}")
    return links.cast(LINKS)


def predict(db: Connection, model: Model, pairs: str, threshold: float | None) -> str:
    """The name of a table of Splink's scores, of pairs at random; from the threshold up."""
    linker = new_linker(db, model.parameters)
    register_frequencies(db, linker, model)
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register(pairs))
    scores = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
    return str(scores.physical_name)


def _comparison_text(parameters: dict[str, Any]) -> str:
    """SQL for the comparison as JSON."""
    parts = []
    for comparison in parameters["comparisons"]:
        name, levels = comparison["output_column_name"], comparison["comparison_levels"]
        values = [-1, *range(len(levels) - 2, -1, -1)]
        cases = " ".join(
            f"when {value} then {_quoted(json.dumps(level['label_for_charts']))}"
            for value, level in zip(values, levels, strict=True)
        )
        has_frequency = any("tf_adjustment_column" in level for level in levels)
        weight = f"p.mw_{name}" + (f" + p.mw_tf_adj_{name}" if has_frequency else "")
        level = f"case p.gamma_{name} {cases} end"
        head, middle = _quoted(f'{json.dumps(name)}: {{"level": '), _quoted(', "weight": ')
        parts.append(f"{head} || {level} || {middle} || {_number(weight)} || '}}'")
    shared = (
        'case when p.bits < p.match_weight - 0.005 then \', "shared": {"level": "\' || p.sharers || \'", "weight": \''
        f" || {_number('p.bits - p.match_weight')} || '}}' else '' end"
    )
    return "'{' || " + " || ', ' || ".join(parts) + f" || {shared} || '}}'"


def _number(bits: str) -> str:
    return f"cast(round({bits}, 2) as varchar)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def new_linker(db: Connection, parameters: dict[str, Any], table: str = "records") -> Any:
    """Splink's linker on our handle, silent; its cache is emptied, for it lives as long as the handle."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=db)
    return Linker(api.register(table), parameters, log_level=None)


def register_frequencies(db: Connection, linker: Any, model: Model) -> None:
    """How frequent each name is, as of the training: so that the same pair has the same weight every night."""
    rarest = 1 / max(model.card["records"], 1)
    db.register("frequencies_of_model", model.frequencies)
    for comparison in model.comparisons:
        if not comparison.by_frequency:
            continue
        column, table = comparison.name, f"frequencies_of_{comparison.name}"
        db.execute(f"""create or replace table {table} as
            select v.{column}, coalesce(f.frequency, {rarest}) as tf_{column}
            from (select distinct {column} from records where {column} is not null) as v
            left join frequencies_of_model as f
                on f.value = left(md5(v.{column}), 16) and f."column" = '{column}'""")
        linker.table_management.register_term_frequency_lookup(linker._db_api.register(table), column)
    db.unregister("frequencies_of_model")
