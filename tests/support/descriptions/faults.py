"""A validator's errors as short lines that name a place and a rule, and never the value."""

from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

MOST_SHOWN = 20  # a body of 10,000 rows may hold as many faults; the first few tell it


def faults_of(validator: Draft202012Validator, value: Any, place: str) -> list[str]:
    """One line a fault: the place, a JSON pointer into it, the rule that is broken."""
    if validator.is_valid(value):
        return []
    lines: list[str] = []
    for error in without_echoes(list(validator.iter_errors(value))):
        lines += [line for line in lines_of(error, place) if line not in lines]
        if len(lines) > MOST_SHOWN:
            return [*lines[:MOST_SHOWN], f"{place}: and more"]
    return lines


def without_echoes(errors: list[ValidationError]) -> list[ValidationError]:
    """A branch that fails declares nothing, so that its fields look undeclared too: only the first cause is kept."""
    causes = [list(e.instance_path) for e in errors if e.kind.name != "unevaluatedProperties"]

    def is_echo(error: ValidationError) -> bool:
        place = list(error.instance_path)
        return error.kind.name == "unevaluatedProperties" and any(c[: len(place)] == place for c in causes)

    return [e for e in errors if not is_echo(e)]


def lines_of(error: ValidationError, place: str) -> list[str]:
    kind, path = error.kind, list(error.instance_path)
    at = f"{place} {pointer(path)}" if path else place
    match kind.name:
        case "required":
            return [f"{place} {pointer([*path, kind.property])}: missing"]
        case "additionalProperties" | "unevaluatedProperties":
            return [f"{place} {pointer([*path, name])}: undeclared" for name in kind.unexpected]
        case "type":
            return [f"{at}: not of type {types_of(kind)}"]
        case "enum":
            return [f"{at}: none of {option_list(kind.options)}"]
        case "anyOf" | "oneOf" if hasattr(kind, "context"):
            return [line for one in nearest(kind.context, len(path)) for line in lines_of(one, place)]
        case "maxItems":
            return [f"{at}: more than {kind.limit} items"]
        case "minItems":
            return [f"{at}: fewer than {kind.limit} items"]
        case "format":
            return [f"{at}: not of the format {kind.format}"]
        case "const":
            return [f"{at}: not {kind.expected_value}"]
        case "pattern":
            return [f"{at}: not of the pattern {kind.pattern if len(kind.pattern) < 60 else 'that is asked for'}"]
        case "propertyNames":
            return [f"{at}: a field's name is not allowed"]
        case "not":
            return [f"{at}: a shape that is not allowed"]
        case _:
            return [f"{at}: {error.message.removeprefix('the value is ').removeprefix('the value ')}"]


def nearest(branches: list[list[ValidationError]], depth: int) -> list[ValidationError]:
    """The errors of the branch that was most likely meant: not another type altogether, then fewest errors."""

    def distance(errors: list[ValidationError]) -> tuple[int, int, int]:
        kinds = [e.kind.name for e in errors if len(e.instance_path) <= depth]
        tags = [e for e in errors if e.kind.name in ("const", "enum") and len(e.instance_path) == depth + 1]
        return ("type" in kinds, len(tags), len(errors))

    return without_echoes(min(branches, key=distance)) if branches else []


def types_of(kind: Any) -> str:
    types = kind.types if isinstance(kind.types, (list, tuple)) else [kind.types]
    return " or ".join(map(str, types))


def option_list(options: list[Any]) -> str:
    few = ", ".join(map(str, options[:6]))
    return few if len(options) <= 6 else f"{few} and {len(options) - 6} more"


def pointer(path: list[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
