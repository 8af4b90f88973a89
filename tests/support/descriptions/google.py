"""The operations of a Google discovery document."""

from collections.abc import Iterator
from typing import Any

from support.descriptions.operation import Operation, Parameter
from support.descriptions.schema import Schemas

BEARER = [[Parameter("authorization", "header", schema={"prefix": "bearer "})]]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for one in document["schemas"].values():
        mark_required(one)
    schemas = Schemas(document, prefix="schemas/")
    for method in methods(document):
        upload = ((method.get("mediaUpload") or {}).get("protocols") or {}).get("simple")
        paths = ["/" + document["servicePath"] + method.get("flatPath", method["path"])] + (
            [upload["path"]] if upload else []
        )
        for path in paths:
            one = Operation(method["httpMethod"], path, schemas, keys=BEARER)
            parameters = {**document.get("parameters", {}), **method.get("parameters", {})}
            one.parameters = [parameter(name, p) for name, p in parameters.items()]
            if upload and path == upload["path"]:
                one.bodies = {"*/*": {}}
            elif "request" in method:
                one.bodies, one.body_required = {"application/json": method["request"]}, True
            yield one


def methods(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("methods", {}).values()
    for below in node.get("resources", {}).values():
        yield from methods(below)


def parameter(name: str, description: dict[str, Any]) -> Parameter:
    schema = {
        key: value
        for key, value in description.items()
        if key not in ("location", "required", "description", "repeated")
    }
    if description.get("repeated"):
        schema = {"type": "array", "items": schema}
    return Parameter(name, description["location"], bool(description.get("required")), schema)


def mark_required(schema: dict[str, Any]) -> None:
    """Google says what is required, and what only answers carry, at the beginning of a field's prose."""
    fields = schema.get("properties", {})
    for field in fields.values():
        if field.get("description", "").lower().startswith("output only"):
            field["readOnly"] = True
    needed = [name for name, field in fields.items() if field.get("description", "").startswith("Required.")]
    if needed:
        schema["required"] = needed
