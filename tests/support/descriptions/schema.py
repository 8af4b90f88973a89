"""From the schema dialects of the vendors to strict JSON Schema 2020-12.

Strict: an object that declares fields and says nothing of others takes no others. Fields that only answers carry
(`readOnly`) count as undeclared. `oneOf` is read as `anyOf`: the documents use it for shapes that overlap, and no
server refuses a body because it fits two of them.
"""

from typing import Any

from support.descriptions.dialect import Node, one_or_many, or_null, read_only, scalars

STRUCTURE = {"properties", "required", "allOf", "anyOf", "oneOf", "items", "enum", "type", "additionalProperties"}


class Schemas:
    """The schemas of one document. `named` is where a reference without `#` points (Google writes bare names)."""

    def __init__(self, document: dict[str, Any], prefix: str = "") -> None:
        self.document, self.prefix = document, prefix

    def strict(self, node: Node) -> dict[str, Any]:
        """One schema, self-contained, as JSON Schema 2020-12."""
        walk = Translation(self)
        whole = walk.of(node)
        return {"allOf": [whole], "$defs": walk.definitions}

    def resolve(self, node: Node) -> Node:
        """What a reference stands for, however long the chain; anything else as it is."""
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = self.at(node["$ref"])
        return node

    def at(self, reference: str) -> Node:
        pointer = reference.removeprefix("#/") if reference.startswith("#") else self.prefix + reference
        target: Node = self.document
        for part in pointer.split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            target = target[int(part)] if isinstance(target, list) else target[part]
        return target

    def fields(self, node: Node) -> dict[str, Any]:
        """The declared fields of an object by name, those of its branches included: what a form's names mean."""
        node = self.resolve(node)
        if not isinstance(node, dict):
            return {}
        by_name = dict(node.get("properties") or {})
        for branch in branches_of(node):
            by_name = {**self.fields(branch), **by_name}
        return by_name

    def kinds(self, node: Node) -> set[str]:
        """The JSON types a value may have; empty where nothing is said."""
        node = self.resolve(node)
        if not isinstance(node, dict):
            return set()
        types = set(one_or_many(node.get("type")))
        for branch in branches_of(node):
            types |= self.kinds(branch)
        return types - {"null"}


def branches_of(node: dict[str, Any]) -> list[Node]:
    return [one for key in ("allOf", "anyOf", "oneOf") for one in node.get(key) or []]


class Translation:
    """One walk. What is referred to is translated once, under a name, so that recursion ends.

    `closed` is whether the object refuses undeclared fields by itself: the branches of a choice that stands beside
    other fields must not, the whole does it for them.
    """

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.definitions: dict[str, Any] = {}
        self.names: dict[tuple[str, bool], str] = {}

    def of(self, node: Node, closed: bool = True) -> Any:
        if not isinstance(node, dict):
            return node if isinstance(node, bool) else {}
        if isinstance(node.get("$ref"), str):
            rest = {key: value for key, value in node.items() if key in STRUCTURE}
            if not rest:
                return or_null(node, self.referred(node["$ref"], closed))
            node = {**node, "allOf": [{"$ref": node["$ref"]}, *node.get("allOf", [])]}
        return or_null(node, self.plain(self.merged(node), closed))

    def referred(self, reference: str, closed: bool) -> dict[str, Any]:
        key = (reference, closed)
        if key not in self.names:
            self.names[key] = name = f"d{len(self.names)}"
            self.definitions[name] = self.of(self.schemas.at(reference), closed)
        return {"$ref": f"#/$defs/{self.names[key]}"}

    def merged(self, node: Node) -> Node:
        """allOf as one node, the branches' fields side by side; the choices of all branches are kept as a list."""
        whole: dict[str, Any] = {"choices": []}
        rest = {key: value for key, value in node.items() if key not in ("allOf", "$ref")}
        for part in [*map(self.schemas.resolve, node.get("allOf", [])), rest]:
            if not isinstance(part, dict):
                continue
            part = self.merged(part) if "allOf" in part or "$ref" in part else part
            discriminator = part.get("discriminator")
            choices = [(part[key], discriminator) for key in ("anyOf", "oneOf") if isinstance(part.get(key), list)]
            whole["choices"] += part.get("choices", []) + choices
            for key, value in part.items():
                if key not in ("anyOf", "oneOf", "choices"):
                    whole[key] = union(key, whole[key], value) if key in whole else value
        return whole

    def plain(self, node: Node, closed: bool) -> dict[str, Any]:
        out = scalars(node)
        if "items" in node:
            out["items"] = self.of(node["items"])
        if "not" in node:
            out["not"] = self.of(node["not"], closed=False)
        if isinstance(node.get("patternProperties"), dict):
            out["patternProperties"] = {key: self.of(one) for key, one in node["patternProperties"].items()}
        others = node.get("additionalProperties")
        if others is not None:
            out["additionalProperties"] = self.of(others)
        fields = node.get("properties") if isinstance(node.get("properties"), dict) else {}
        answers_only = {name for name, one in fields.items() if read_only(self.schemas.resolve(one))}
        if fields:
            out["properties"] = {name: self.of(one) for name, one in fields.items() if name not in answers_only}
        if isinstance(node.get("required"), list):
            out["required"] = [name for name in node["required"] if name not in answers_only]
        self.choose(node["choices"], out, closed and others is None, bool(fields))
        return out

    def choose(self, choices: list[Any], out: dict[str, Any], closed: bool, has_fields: bool) -> None:
        """oneOf and anyOf, and the closing: by the whole where it has fields of its own, else by each branch."""
        whole = has_fields or len(choices) > 1
        if choices:
            each = closed and not whole
            out["allOf"] = [
                self.by_discriminator(*choice, each) or {"anyOf": [self.of(one, each) for one in choice[0]]}
                for choice in choices
            ]
        if closed and whole:
            out["unevaluatedProperties" if choices else "additionalProperties"] = False

    def by_discriminator(self, branches: list[Node], choice: Any, closed: bool) -> dict[str, Any] | None:
        """A discriminator as if/then: the verdict then speaks of the branch that was meant, and of no other."""
        cases = cases_of(branches, choice)
        if not cases:
            return None
        name = choice["propertyName"]
        branches_by_value = [
            {"if": {"properties": {name: {"const": value}}, "required": [name]}, "then": self.of(one, closed)}
            for value, one in cases.items()
        ]
        values = {} if choice.get("open") else {"enum": list(cases)}
        return {"required": [name], "properties": {name: values}, "allOf": branches_by_value}


def cases_of(branches: list[Node], choice: Any) -> dict[str, Node]:
    """The branches by the value that chooses them; `cases` and `open` (other values are free) are ours,
    for lexicons.
    """
    if not isinstance(choice, dict):
        return {}
    if "cases" in choice:
        return choice["cases"]
    if not all(isinstance(one, dict) and "$ref" in one for one in branches):
        return {}
    mapping = choice.get("mapping") or {}
    cases = {value: {"$ref": to if "/" in to else f"#/components/schemas/{to}"} for value, to in mapping.items()}
    return cases or {one["$ref"].rsplit("/", 1)[1]: one for one in branches}


def union(key: str, one: Any, other: Any) -> Any:
    """Two branches of an allOf that both say `key`: fields are joined, of anything else the later word counts."""
    if key == "properties":
        both = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other if one[name] != other[name]}
        return {**one, **other, **both}
    if key == "required" and isinstance(one, list) and isinstance(other, list):
        return [*one, *(name for name in other if name not in one)]
    return other
