"""The spec's comparisons as Splink's: levels from the strongest agreement to difference, with a missing value apart.

Each level bears the share of true pairs (`m`) that it has where training finds nothing better; of strangers (`u`)
training always counts.
"""

from dataclasses import dataclass
from typing import Any

from people.linkage.spec import Comparison, LinkageSpec

FUZZY = "jaro_winkler_similarity"


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison. `same` holds the columns that agree exactly in it, where that is all it says: how
    often strangers do is then counted, not sampled.
    """

    label: str
    condition: str
    m: float
    same: tuple[str, ...] = ()


def levels(comparison: Comparison) -> tuple[Level, ...]:
    """From the strongest to `different`; the first that holds is the pair's."""
    match comparison.kind:
        case "given_name":
            return _given_name(comparison.name)
        case "family_name":
            return _family_name(comparison.name)
        case "date":
            return _date(comparison.name)
        case "identifier":
            return _identifier(comparison.name)
        case "contact":
            return _contact(comparison.columns)
        case _:
            return _text(comparison.name)


def missing(comparison: Comparison) -> str:
    """When nothing can be compared."""
    if comparison.name == "strong_id":
        other = "split_part(strong_id_l, ' ', 1) <> split_part(strong_id_r, ' ', 1)"
        return f"strong_id_l is null or strong_id_r is null or {other}"
    if comparison.kind != "contact":
        return f"{comparison.name}_l is null or {comparison.name}_r is null"
    return " and ".join(f"({column}_l is null or {column}_r is null)" for column in _held(comparison.columns))


def splink_settings(spec: LinkageSpec, comparisons: tuple[Comparison, ...]) -> dict[str, Any]:
    """What Splink reads, not trained yet."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "comparisons": [_settings_of(comparison) for comparison in comparisons],
        "blocking_rules_to_generate_predictions": [
            " and ".join(f"l.{column} = r.{column}" for column in rule) for rule in spec.blocking.rules
        ],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "em_convergence": 0.0005,
        "max_iterations": 30,
    }


def _settings_of(comparison: Comparison) -> dict[str, Any]:
    outcomes = levels(comparison)
    rows: list[dict[str, Any]] = [
        {"sql_condition": missing(comparison), "label_for_charts": "missing", "is_null_level": True}
    ]
    for place, level in enumerate(outcomes):
        row: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.label}
        row |= {"m_probability": level.m, "u_probability": 1 / len(outcomes)}
        if comparison.by_frequency and place == 0:
            row |= {"tf_adjustment_column": comparison.name, "tf_adjustment_weight": 1.0}
        rows.append(row)
    return {"output_column_name": comparison.name, "comparison_levels": rows}


def _given_name(name: str) -> tuple[Level, ...]:
    left, right = f"{name}_l", f"{name}_r"
    turned = "first_name_l = last_name_r or last_name_l = first_name_r"
    return (
        Level("same", f"{left} = {right}", 0.8, (name,)),
        Level("spelt alike", _spelt_alike(name), 0.06),
        Level("one begins the other", f"starts_with({left}, {right}) or starts_with({right}, {left})", 0.05),
        Level("stands as the family name", turned if name == "first_name" else "false", 0.01),
        Level("a little alike", f"{FUZZY}({left}, {right}) >= 0.8", 0.03),
        Level("different", "ELSE", 0.05),
    )


def _family_name(name: str) -> tuple[Level, ...]:
    left, right = f"{name}_l", f"{name}_r"
    return (
        Level("same", f"{left} = {right}", 0.86, (name,)),
        Level("spelt alike", _spelt_alike(name), 0.07),
        Level("a little alike", f"{FUZZY}({left}, {right}) >= 0.8", 0.02),
        Level("different", "ELSE", 0.05),
    )


def _spelt_alike(name: str) -> str:
    return f"damerau_levenshtein({name}_l, {name}_r) <= 1 or {FUZZY}({name}_l, {name}_r) >= 0.92"


def _date(name: str) -> tuple[Level, ...]:
    left, right = f"{name}_l", f"{name}_r"
    year, month, day = (f"{part}({{0}}, {rest})" for part, rest in (("left", "4"), ("substr", "6, 2"), ("right", "2")))
    same = [f"{part.format(left)} = {part.format(right)}" for part in (year, month, day)]
    turned = f"{same[0]} and {month.format(left)} = {day.format(right)} and {day.format(left)} = {month.format(right)}"
    two = f"({same[0]} and ({same[1]} or {same[2]})) or ({same[1]} and {same[2]})"
    return (
        Level("same", f"{left} = {right}", 0.92, (name,)),
        Level(
            "one sign wrong, or day and month turned", f"damerau_levenshtein({left}, {right}) <= 1 or ({turned})", 0.04
        ),
        Level("two of day, month and year", two, 0.015),
        Level("different", "ELSE", 0.025),
    )


def _identifier(name: str) -> tuple[Level, ...]:
    left, right = f"{name}_l", f"{name}_r"
    return (
        Level("same", f"{left} = {right}", 0.9, (name,)),
        Level("one sign wrong", f"damerau_levenshtein({left}, {right}) <= 1", 0.05),
        Level("different", "ELSE", 0.05),
    )


def _text(name: str) -> tuple[Level, ...]:
    left, right = f"{name}_l", f"{name}_r"
    return (
        Level("same", f"{left} = {right}", 0.8, (name,)),
        Level("alike", f"{FUZZY}({left}, {right}) >= 0.9", 0.1),
        Level("different", "ELSE", 0.1),
    )


def _held(columns: tuple[str, ...]) -> tuple[str, ...]:
    """What a contact is compared by: a street is one only with its place."""
    held = [column for column in ("email", "phone", "company", "work_domain") if column in columns]
    if "street" in columns:
        held.append("address" if "postal_code" in columns else "street")
    return tuple(held or columns)


def _contact(columns: tuple[str, ...]) -> tuple[Level, ...]:
    held = _held(columns)
    place = next((column for column in ("address", "street") if column in held), "")
    rows: list[Level] = []
    if "email" in held and "phone" in held:
        rows.append(Level("same e-mail and phone", f"{_same('email')} and {_same('phone')}", 0.15, ("email", "phone")))
    if "email" in held:
        rows.append(Level("same e-mail", _same("email"), 0.3, ("email",)))
    if place and "phone" in held:
        same = f"{_same(place)} and {_same('phone')}"
        rows.append(Level("same address and phone", same, 0.05, (place, "phone")))
    if "phone" in held:
        rows.append(Level("same phone", _same("phone"), 0.15, ("phone",)))
    if place:
        rows.append(Level("same address", _same(place), 0.15, (place,)))
    if "email" in held:
        typed = "damerau_levenshtein(email_l, email_r) <= 1 or email_local_l = email_local_r"
        rows.append(Level("e-mail spelt alike", typed, 0.03))
    if place:
        rows.append(Level("address spelt alike", _alike(place, columns), 0.04))
    work = " or ".join(_same(column) for column in ("company", "work_domain") if column in held)
    if work:
        rows.append(Level("same company", work, 0.03))
    return (*rows, Level("different", "ELSE", 0.1))


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _alike(place: str, columns: tuple[str, ...]) -> str:
    near = f"{FUZZY}({place}_l, {place}_r) >= 0.94"
    if "postal_code" not in columns:
        return near
    street = f"{FUZZY}(street_l, street_r) >= 0.9"
    return f"{near} or (postal_code_l = postal_code_r and {street})"
