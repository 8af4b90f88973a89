"""The parameters of a linkage model, estimated without labels and with a fixed seed.

How often strangers agree (`u`) is counted where agreement is equality, else sampled at random. How often records of one
human agree (`m`) is estimated by expectation maximisation on pairs that agree on exact keys: pairs of equal names alone
would teach it that homonyms are one human.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from core import clock
from core.errors import ConfigError
from core.settings import Settings
from people.linkage import blocking, sharing, workbench
from people.linkage.blocking import Connection, key_of
from people.linkage.cleaning import clean
from people.linkage.comparisons import levels, missing, splink_settings
from people.linkage.links import new_linker, predict
from people.linkage.model import FREQUENCIES, Model, name_version
from people.linkage.spec import Comparison, LinkageSpec

SMALLEST = 1e-4  # no outcome is impossible
ROUNDS = 10  # in which the share of pairs that are one human settles
PLACEHOLDER_SHARE, PLACEHOLDER_TIMES = 0.003, 20  # of all dates, and of what a day has on average


def train(records: pa.Table, spec: LinkageSpec, day: date, settings: Settings) -> Model:
    """A model of these records. Raises ConfigError where they hold too little to learn from."""
    today = (day - date(1970, 1, 1)).days
    placeholders = _placeholder_dates(clean(records, spec, today))
    with workbench.opened(settings) as db:
        db.execute("set threads = 1")  # sums and samples are the same every time only in one order
        size = _load(db, spec, clean(records, spec, today, placeholders))
        comparisons = tuple(known for part in spec.comparisons if (known := _known(db, part)))
        rules = {" + ".join(rule): _count_pairs(db, rule) for rule in spec.training.rules}
        used = {name: count for name, count in rules.items() if count >= spec.training.min_pairs}
        if not used or len(comparisons) < 2:
            raise ConfigError(
                f"Too little to learn from: {size:,} records, and no training rule of identity.yml with"
                f" {spec.training.min_pairs:,} pairs ({', '.join(f'{k}: {v:,}' for k, v in rules.items())})."
                " Exact keys alone join until there is more. Or give training.min_pairs in people/identity.yml a number"
                " that one of these reaches, and look at what `fairlead review` lists before the night."
            )
        parameters = splink_settings(spec, comparisons)
        parameters["probability_two_random_records_match"] = _prior(db, spec, size)
        parameters = _with_u(db, spec, comparisons, parameters)
        parameters, charts = _with_m(db, spec, parameters, used)
        model = Model(parameters, {}, comparisons, placeholders, _frequencies(db, comparisons), {"records": size})
        blocked = blocking.count_rules(db, spec)
        model = _with_shares(db, spec, model, blocked)
    card = model.card | _card(spec, day, model) | {"pairs_of_training_rules": rules, "trained_on": list(used)}
    return replace(model, card=card | {"blocking": [rule.as_dict() for rule in blocked]}, charts=charts)


def _card(spec: LinkageSpec, day: date, model: Model) -> dict[str, Any]:
    names = [part.name for part in model.comparisons]
    return {
        "version": name_version(day, model.parameters, model.sharing, model.placeholder_dates),
        "trained_day": day.isoformat(), "trained_at": clock.now().isoformat(timespec="seconds"),
        "seed": spec.training.seed, "comparisons": names, "splink": _splink_version(),
        "left_out": sorted({part.name for part in spec.comparisons} - set(names)), "spec": spec.model_dump(mode="json"),
    }  # fmt: skip


def _load(db: Connection, spec: LinkageSpec, cleaned: pa.Table) -> int:
    """The records without those of which a training rule finds a crowd: they would be all that is learned from. How
    many are left.
    """
    workbench.load(db, spec, cleaned)
    db.execute("drop table records_read")
    for rule in spec.training.rules:
        db.execute(f"""delete from records where {key_of(rule)} in (
            select {key_of(rule)} from records where {key_of(rule)} is not null
            group by 1 having count(*) > {spec.blocking.max_records_per_value})""")
    return int(db.execute("select count(*) from records").fetchone()[0])


def _placeholder_dates(cleaned: pa.Table) -> tuple[str, ...]:
    """Birth dates that far too many records bear: what a clerk enters who does not know."""
    counts = cleaned["birth_date"].drop_null().value_counts()
    if not len(counts):
        return ()
    numbers = counts.field("counts").to_numpy()
    often = max(numbers.sum() * PLACEHOLDER_SHARE, PLACEHOLDER_TIMES * numbers.sum() / len(numbers), 10)
    return tuple(sorted(counts.field("values").filter(pa.array(numbers > often)).to_pylist()))


def _known(db: Connection, comparison: Comparison) -> Comparison | None:
    """The comparison with the columns that anybody has; None where that leaves nothing."""
    counts = ", ".join(f"count({column})" for column in comparison.columns)
    row = db.execute(f"select {counts} from records").fetchone()
    columns = tuple(column for column, count in zip(comparison.columns, row, strict=True) if count > 1)
    says_something = set(columns) - ({"postal_code"} if comparison.kind == "contact" else set())
    return comparison.model_copy(update={"columns": columns}) if says_something else None


def _count_pairs(db: Connection, rule: tuple[str, ...]) -> int:
    return int(
        db.execute(f"""select coalesce(sum(n * (n - 1) / 2), 0) from (
        select count(*) as n from records where {key_of(rule)} is not null group by {key_of(rule)})""").fetchone()[0]
    )


def _prior(db: Connection, spec: LinkageSpec, records: int) -> float:
    """The probability that two random records are one human: the pairs of the training rules, and the share of all true
    ones that they find.
    """
    parts = " union ".join(
        f"""select a.row as l, b.row as r from records as a inner join records as b
            on {" and ".join(f"a.{column} = b.{column}" for column in rule)} and a.row < b.row"""
        for rule in spec.training.rules
    )
    pairs: int = db.execute(f"select count(*) from ({parts})").fetchone()[0]
    return float(min(max(pairs, 1) / spec.training.recall / (records * (records - 1) / 2), 0.5))


def _with_u(
    db: Connection, spec: LinkageSpec, comparisons: tuple[Comparison, ...], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Sampled by Splink; where a level is equality, counted over all pairs."""
    linker = new_linker(db, parameters)
    training = spec.training
    linker.training.estimate_u_using_random_sampling(max_pairs=training.sampled_pairs, seed=training.seed)
    sampled = linker.misc.save_model_to_json()["comparisons"]
    prior = parameters["probability_two_random_records_match"]
    for comparison, settings, found in zip(comparisons, parameters["comparisons"], sampled, strict=True):
        u = [level.get("u_probability", SMALLEST) for level in found["comparison_levels"][1:]]
        u = [min(value, 1.0) if isinstance(value, float) else SMALLEST for value in u]
        above: list[tuple[float, set[str]]] = []
        for place, level in enumerate(levels(comparison)):
            if level.same:
                share = _share_of_equal(db, comparison, level.same)
                stronger = sum(value for value, columns in above if set(level.same) < columns)
                above.append((share, set(level.same)))
                # all pairs hold those of one human too, so that strangers cannot agree less often than those do
                u[place] = max(share - stronger, prior * level.m)
        u[-1] = max(1 - sum(u[:-1]), SMALLEST)
        for row, value in zip(settings["comparison_levels"][1:], u, strict=True):
            row["u_probability"] = value / sum(u)
    return parameters


def _share_of_equal(db: Connection, comparison: Comparison, columns: tuple[str, ...]) -> float:
    """The share of all comparable pairs that agree on the columns."""
    equal = _count_pairs(db, columns)
    return equal / max(_comparable_pairs(db, comparison), 1)


def _comparable_pairs(db: Connection, comparison: Comparison) -> float:
    """Pairs of which both have one of the columns: counted by which columns a record has."""
    held = sorted({part.split("_l is null")[0].strip("( ") for part in missing(comparison).split(" and ")})
    bits = " + ".join(f"case when {column} is not null then {2**place} else 0 end" for place, column in enumerate(held))
    rows = db.execute(f"select {bits} as has, count(*) as n from records group by 1 order by 1").fetchnumpy()
    has, counts = rows["has"].astype(np.int64), rows["n"].astype(np.float64)
    both = (has[:, None] & has[None, :]) > 0
    ordered = counts @ both @ counts - counts[has > 0].sum()
    return float(ordered / 2)


def _with_m(
    db: Connection, spec: LinkageSpec, parameters: dict[str, Any], used: dict[str, int]
) -> tuple[dict[str, Any], dict[str, str]]:
    """One session of expectation maximisation a rule; each trains what the rule does not hold."""
    linker = new_linker(db, parameters)
    for name, count in used.items():
        rule = " and ".join(f"l.{column} = r.{column}" for column in name.split(" + "))
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True,
            max_pairs=spec.training.max_pairs if count > spec.training.max_pairs else None,
        )  # fmt: skip
    trained = linker.misc.save_model_to_json()["comparisons"]
    for settings, found in zip(parameters["comparisons"], trained, strict=True):
        rows, values = settings["comparison_levels"][1:], found["comparison_levels"][1:]
        m = [value.get("m_probability", row["m_probability"]) for row, value in zip(rows, values, strict=True)]
        m = [max(value if isinstance(value, float) else SMALLEST, SMALLEST) for value in m]
        for row, value in zip(rows, m, strict=True):
            row["m_probability"] = value / sum(m)
    return parameters, _charts(new_linker(db, parameters), linker)


def _with_shares(db: Connection, spec: LinkageSpec, model: Model, rules: list[blocking.Rule]) -> Model:
    """What those have in common who share a contact, and how many pairs are one human at all: from the pairs that will
    be compared, or a part of them that is the same every time.
    """
    count = blocking.make_pairs(db, spec, rules)
    every = max(-(-count // spec.training.sampled_pairs), 1)
    db.execute(f"create or replace table part as select * from pairs where hash(join_key_l, join_key_r) % {every} = 0")
    if not count:
        return model
    predicted = predict(db, model, "part", None)
    households = {part.name for part in model.comparisons if part.kind in ("family_name", "text")}
    ways = sharing.learn(db, predicted, model.parameters, households)
    prior = model.parameters["probability_two_random_records_match"]
    possible = model.card["records"] * (model.card["records"] - 1) / 2
    shift = 0.0
    for _ in range(ROUNDS):
        probability = sharing.probability_sql(model.parameters, ways, model.personal, shift)
        same = db.execute(f"select sum({probability}) from {predicted} as p").fetchone()[0] * every
        found = min(max(same / possible, 1 / possible), 0.5)
        shift = float(np.log2(found / (1 - found)) - np.log2(prior / (1 - prior)))
    parameters = model.parameters | {"probability_two_random_records_match": float(found)}
    return replace(model, parameters=parameters, sharing=ways)


def _charts(final: Any, training: Any) -> dict[str, str]:
    charts = {
        "match_weights": final.visualisations.match_weights_chart(),
        "m_u_parameters": final.visualisations.m_u_parameters_chart(),
        "parameter_estimates": training.visualisations.parameter_estimate_comparisons_chart(),
    }
    return {name: chart.to_html(inline=True) for name, chart in charts.items()}


def _frequencies(db: Connection, comparisons: tuple[Comparison, ...]) -> pa.Table:
    """Of each name the share of records, by a hash: the model holds nobody's name."""
    parts = [
        f"""select '{part.name}' as "column", left(md5({part.name}), 16) as value,
            count(*) / (select count({part.name}) from records) as frequency
            from records where {part.name} is not null group by {part.name}"""
        for part in comparisons
        if part.by_frequency
    ]
    if not parts:
        return FREQUENCIES.empty_table()
    return db.execute(" union all ".join(parts) + " order by 1, 2").to_arrow_table().cast(FREQUENCIES)


def _splink_version() -> str:
    from importlib.metadata import version

    return version("splink")
