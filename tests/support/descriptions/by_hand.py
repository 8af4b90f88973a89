"""A short way to write down an operation and its body, for vendors that publish no description (or none of its bodies).

What is written so was learnt from a vendor's prose, its SDK and the recorded traffic; nothing is copied.
"""

import hashlib
from typing import Any

from support.descriptions.operation import Operation, Parameter
from support.descriptions.schema import Schemas

Node = dict[str, Any]
EMPTY_HASH = hashlib.sha256(b"").hexdigest()  # of nobody: it would match whoever else's empty field was hashed
TEXT: Node = {"type": "string"}
NAME: Node = {"type": "string", "minLength": 1}
WHOLE: Node = {"type": "integer"}
FLAG: Node = {"type": "boolean"}
FREE: Node = {"type": "object"}  # any fields
WHEN: Node = {"type": "string", "format": "date-time"}
EMAIL: Node = {"type": "string", "format": "email"}
SHA256: Node = {"type": "string", "pattern": "^[0-9a-f]{64}$", "not": {"const": EMPTY_HASH}}
ANY: Node = {}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BEARER = [Parameter("authorization", "header", schema={"prefix": "bearer "})]
BASIC = [Parameter("authorization", "header", schema={"prefix": "basic "})]


def fields(required: dict[str, Node], optional: dict[str, Node] | None = None, **more: Any) -> Node:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required), **more}


def some_of(*names: str) -> Node:
    """At least one of these fields; for `fields(..., **some_of("email", "userId"))`."""
    return {"anyOf": [{"required": [name]} for name in names]}


def many(item: Node, most: int | None = None, least: int = 1) -> Node:
    return {"type": "array", "items": item, "minItems": least, **({} if most is None else {"maxItems": most})}


def words(*values: Any) -> Node:
    return {"enum": list(values)}


def by(name: str, **cases: Node) -> Node:
    """A choice by the value of one field."""
    return {"oneOf": [{}], "discriminator": {"propertyName": name, "cases": cases}}


def header(name: str, schema: Node | None = None) -> Parameter:
    return Parameter(name, "header", True, schema or NAME)


def operation(
    route: str, body: Node | None = None, *, keys: list[list[Parameter]], query: dict[str, Node] | None = None,
    needs: tuple[str, ...] = (), headers: tuple[Parameter, ...] = (), places: dict[str, Node] | None = None,
    medias: tuple[str, ...] = (JSON,), body_required: bool = True,
) -> Operation:  # fmt: skip
    """`route` is method and template; `needs` are the query parameters that must be there."""
    method, template = route.split(" ")
    one = Operation(method, template, Schemas({}), keys=keys)
    one.parameters = [Parameter(name, "query", name in needs, schema) for name, schema in (query or {}).items()]
    one.parameters += [*headers, *(Parameter(name, "path", True, schema) for name, schema in (places or {}).items())]
    if body is not None:
        one.bodies, one.body_required = dict.fromkeys(medias, body), body_required
    return one
