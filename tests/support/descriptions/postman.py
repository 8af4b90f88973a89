"""The operations of Postman items: method, path, and the top fields of the sample body; nothing more stands in them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from support.descriptions.operation import Operation, Parameter
from support.descriptions.schema import Schemas

WORDS = {"Boolean": {"type": "boolean"}, "String": {"type": "string"}}  # the samples say types in words


def operations(item: dict[str, Any]) -> Iterator[Operation]:
    one = Operation(item["method"], template(item["url"]), Schemas({}))
    one.parameters = [Parameter(p["key"], "query") for p in item.get("queryParams") or []]
    media = next(
        (h["value"] for h in item.get("headerData") or [] if h["key"].lower() == "content-type"), "application/json"
    )
    if item.get("dataMode") == "raw" and item.get("rawModeData"):
        one.bodies, one.body_required = {media: sample(item["rawModeData"])}, True
    elif item.get("dataMode") == "urlencoded":
        fields = {p["key"]: {"type": "string"} for p in item["data"]}
        one.bodies = {media: {"type": "object", "properties": fields, "required": list(fields)}}
    elif item.get("dataMode") == "binary":
        one.bodies, one.body_required = {media: {}}, True
    yield one


def template(url: str) -> str:
    """Leading variables are the host; later ones, and <NAMES>, are parts of the path."""
    path = re.sub(r"^({{\w+}})+", "", url).partition("?")[0]
    return re.sub(r"{{(\w+)}}|<(\w+)>", lambda m: "{" + (m[1] or m[2]).strip("_") + "}", path).rstrip("/")


def sample(text: str) -> dict[str, Any]:
    """A sample is an example, not a schema: fields may be left out, and others added, but those it shows keep their
    type.
    """
    try:
        collection = json.loads(text)
    except json.JSONDecodeError:  # one sample has `...` in it
        return {"type": "object"}
    return {
        "type": "object",
        "properties": {name: shape(value) for name, value in collection.items()},
        "additionalProperties": True,
    }


def shape(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.endswith("[]"):
        return {"type": "array", "items": {"type": "object"}}
    return WORDS.get(value, {"type": "string"}) if isinstance(value, str) else {}
