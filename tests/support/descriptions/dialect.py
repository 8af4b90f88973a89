"""Single values: what Swagger 2, OpenAPI 3.0 and 3.1 and Google's discovery documents write differently from JSON
Schema.
"""

from typing import Any

Node = Any  # a schema as the document writes it: an object, or a boolean
KEYWORDS = {
    "type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    "maxBytes", "maxGraphemes", "maxListed", "maxListedJson", "matchKeys",
}  # fmt: skip
TYPES = {"string", "number", "integer", "boolean", "array", "object", "null"}
FORMATS = {"date-time", "date", "email", "uuid", "ipv4", "ipv6"}  # the rest is used too loosely to hold against anyone
RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def scalars(node: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a node that say something of one value, as JSON Schema 2020-12 writes them."""
    out = {key: node[key] for key in KEYWORDS & node.keys()}
    kinds = one_or_many(node.get("type"))
    if not TYPES.issuperset(kinds):  # `file`, `any` and the like: nothing can be said
        out.pop("type", None)
    open_enum = node.get("x-open-enum") or {}
    if open_enum.get("strict") and open_enum.get("key_format") == "string" and "string" in kinds:  # TikTok's way
        out["enum"] = [one["key"] for one in open_enum["enums"] if one["is_valid"]]
    if not isinstance(out.get("enum"), list) or not out["enum"]:
        out.pop("enum", None)
    if not isinstance(out.get("pattern", ""), str):
        out.pop("pattern")
    exclusive_limits(node, out)
    add_format(node.get("format"), kinds, out)
    return out


def exclusive_limits(node: dict[str, Any], out: dict[str, Any]) -> None:
    """OpenAPI 3.0 says `exclusiveMinimum: true` beside the minimum."""
    for side, name in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        for limit in (side, name):  # Google writes its limits as text
            if isinstance(out.get(limit), str):
                out[limit] = float(out[limit])
        if isinstance(node.get(name), bool):
            out.pop(name)
            if node[name] and side in out:
                out[name] = out.pop(side)


def add_format(form: Any, kinds: list[str], out: dict[str, Any]) -> None:
    if form in FORMATS and "string" in kinds:
        out["format"] = form
    if form == "google-datetime":
        out["format"] = "date-time"
    if form in RANGES and "integer" in kinds:
        low, high = RANGES[form]
        out["minimum"], out["maximum"] = max(low, out.get("minimum", low)), min(high, out.get("maximum", high))
    if form in RANGES and kinds == ["string"]:
        out["pattern"] = r"^-?[0-9]{1,19}$"  # a 64-bit number, which Google's JSON carries as text


def or_null(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """`nullable: true`, also where the type stands behind a reference."""
    if not (node.get("nullable") or node.get("x-nullable")):
        return whole
    if "type" not in whole or "const" in whole:
        return {"anyOf": [{"type": "null"}, whole]} if whole else whole
    whole = {**whole, "type": [*one_or_many(whole["type"]), "null"]}
    return {**whole, "enum": [*whole["enum"], None]} if "enum" in whole else whole


def one_or_many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def read_only(node: Node) -> bool:
    return isinstance(node, dict) and bool(node.get("readOnly"))
