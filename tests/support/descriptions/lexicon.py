"""The operations of atproto lexicons: `POST /xrpc/<name>` for a procedure, `GET` for a query.

A record's fields are those of its collection's lexicon; where that lexicon is not among the documents they are free.
"""

from collections.abc import Iterator
from typing import Any

from support.descriptions.operation import Operation, Parameter
from support.descriptions.schema import Schemas

LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
HANDLE, DID = rf"({LABEL}\.)+[a-zA-Z]([a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?", r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]"
PATTERNS = {  # atproto.com/specs: did, handle, nsid, record-key, tid, at-uri-scheme
    "handle": HANDLE,
    "did": DID,
    "at-identifier": f"({HANDLE}|{DID})",
    "nsid": rf"({LABEL}\.){{2,}}[a-zA-Z][a-zA-Z0-9]{{0,62}}",
    "record-key": r"[a-zA-Z0-9_~.:-]{1,512}",
    "tid": r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}",
    "at-uri": r"at://[^\s]+",
    "cid": r"[a-zA-Z0-9+=]{8,256}",
    "language": r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]+)*",
    "uri": r"[a-z][a-z.-]{0,80}:[^\s]+",
}
RECORDS = {"com.atproto.repo.createRecord": "record", "com.atproto.repo.putRecord": "record"}
RECORDS |= {"com.atproto.repo.applyWrites#create": "value", "com.atproto.repo.applyWrites#update": "value"}
BEARER = [[Parameter("authorization", "header", schema={"prefix": "bearer "})]]


def operations(documents: list[dict[str, Any]]) -> Iterator[Operation]:
    lexicons = Lexicons(documents)
    schemas = Schemas({"defs": {name: lexicons.of(one, name) for name, one in lexicons.definitions.items()}})
    for name, main in lexicons.definitions.items():
        if main["type"] not in ("procedure", "query"):
            continue
        one = Operation("POST" if main["type"] == "procedure" else "GET", f"/xrpc/{name}", schemas)
        one.keys = BEARER if "Requires auth" in main.get("description", "") else []
        params = main.get("parameters", {})
        for key, definition in params.get("properties", {}).items():
            one.parameters.append(
                Parameter(key, "query", key in params.get("required", []), lexicons.of(definition, name))
            )
        if "input" in main:
            one.body_required = True
            one.bodies = {main["input"]["encoding"]: lexicons.input(main["input"].get("schema", {}), name)}
        yield one


class Lexicons:
    """All definitions by full name: `app.bsky.feed.post` (its main), `app.bsky.feed.post#replyRef`."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.definitions = {
            one["id"] + ("" if part == "main" else f"#{part}"): definition
            for one in documents
            for part, definition in one["defs"].items()
        }

    def of(self, definition: dict[str, Any], home: str) -> dict[str, Any]:
        """One definition as an OpenAPI schema; `home` is the lexicon that local references are of."""
        match definition["type"]:
            case "record":
                return self.of(definition["record"], home)
            case "object":
                return self.object(definition, home)
            case "array":
                limits = {
                    "minItems": definition.get("minLength", 0),
                    **({"maxItems": definition["maxLength"]} if "maxLength" in definition else {}),
                }
                return {"type": "array", "items": self.of(definition["items"], home), **limits}
            case "ref":
                return self.reference(definition["ref"], home)
            case "union":
                return self.union(definition, home)
            case "string":
                return string(definition)
            case "blob":
                return {"type": "object", "required": ["$type", "ref", "mimeType", "size"]}
            case "bytes" | "cid-link":
                return {"type": "object"}
            case "integer" | "boolean":
                return {
                    key: definition[key] for key in ("type", "minimum", "maximum", "enum", "const") if key in definition
                }
            case _:  # unknown, token, and the operations themselves
                return {}

    def object(self, definition: dict[str, Any], home: str) -> dict[str, Any]:
        fields = {name: self.of(one, home) for name, one in definition.get("properties", {}).items()}
        for name in definition.get("nullable", []):
            fields[name] = {**fields[name], "nullable": True}
        whole = {
            "type": "object",
            "required": definition.get("required", []),
            "properties": {"$type": {"type": "string"}, **fields},
        }
        return self.with_record(whole, RECORDS[home]) if home in RECORDS else whole

    def full(self, reference: str, home: str) -> str:
        return (home.partition("#")[0] + reference if reference.startswith("#") else reference).removesuffix("#main")

    def reference(self, reference: str, home: str) -> dict[str, Any]:
        name = self.full(reference, home)
        return {"$ref": "#/defs/" + name} if name in self.definitions else {}

    def union(self, definition: dict[str, Any], home: str) -> dict[str, Any]:
        """The branch is chosen by `$type`; an open union takes types that nobody listed."""
        names = [self.full(one, home) for one in definition["refs"]]
        cases = {name: self.reference(name, home) or {"type": "object"} for name in names}
        return {"type": "object", "oneOf": [{}], "discriminator": choice("$type", cases, not definition.get("closed"))}

    def input(self, definition: dict[str, Any], home: str) -> dict[str, Any]:
        return self.of(definition, home) if definition else {}

    def with_record(self, whole: dict[str, Any], field: str) -> dict[str, Any]:
        """The record has to be what its `collection` says, where that lexicon is known."""
        records = [name for name, one in self.definitions.items() if one["type"] == "record"]
        cases = {name: {"properties": {field: self.tagged(name)}} for name in records}
        return {**whole, "oneOf": [{}], "discriminator": choice("collection", cases, True)}

    def tagged(self, name: str) -> dict[str, Any]:
        return {"allOf": [self.reference(name, ""), {"required": ["$type"], "properties": {"$type": {"const": name}}}]}


def choice(name: str, cases: dict[str, Any], is_open: bool) -> dict[str, Any]:
    return {"propertyName": name, "cases": cases, "open": is_open}


def string(definition: dict[str, Any]) -> dict[str, Any]:
    out = {key: definition[key] for key in ("type", "enum", "const", "maxGraphemes") if key in definition}
    form = definition.get("format", "")
    if "maxLength" in definition:
        out["maxBytes"] = definition["maxLength"]  # a lexicon counts bytes of UTF-8
    if form == "datetime":
        out["format"] = "date-time"
    if form in PATTERNS:
        out["pattern"] = f"^{PATTERNS[form]}$"
    return out
