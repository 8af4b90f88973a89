"""One operation of a vendor's API: its parameters and bodies, and what is wrong with a request to it."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jsonschema_rs import Draft202012Validator
from support.descriptions import body as bodies
from support.descriptions.faults import faults_of
from support.descriptions.keywords import KEYWORDS
from support.descriptions.schema import Schemas

COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
NOT_PARAMETERS = {"accept", "content-type", "authorization"}  # OpenAPI 3: not to be read as header parameters


@dataclass(frozen=True)
class Parameter:
    """`split` is what stands between the values of a list: "" where the name is repeated."""

    name: str
    where: str  # query, header, path; of a credential also body
    required: bool = False
    schema: Any = field(default_factory=dict)
    split: str = ""
    json: bool = False  # the value is JSON text
    deep: bool = False  # the name stands before [..]


@dataclass
class Operation:
    method: str
    template: str
    schemas: Schemas
    parameters: list[Parameter] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)  # schema by media type
    body_required: bool = False
    keys: list[list[Parameter]] = field(default_factory=list)  # one of these lists must be there in full: credentials
    limits: list[dict[str, Any]] = field(default_factory=list)  # JSON schemas, which hold beside the vendor's
    most_bytes: int | None = None
    part_bytes: list[tuple[str, int]] = field(default_factory=list)  # JSON pointer to a list, most bytes of one item
    validators: dict[str, Draft202012Validator] = field(default_factory=dict)

    def check(self, places: dict[str, str], query: dict[str, Any], headers: dict[str, str] | None,
              body: bytes, content_type: str) -> list[str]:  # fmt: skip
        """`headers` has lower-case names; None leaves headers and credentials unchecked."""
        faults = self.check_values("path", {name: [value] for name, value in places.items()})
        faults += self.check_query({name: texts_of(value) for name, value in query.items()})
        if headers is not None:
            faults += self.check_values("header", {name: [value] for name, value in headers.items()})
            faults += self.check_keys(query, headers, body)
        return faults + self.check_body(body, headers or {}, content_type)

    @cached_property
    def by_place(self) -> dict[str, dict[str, Parameter]]:
        places: dict[str, dict[str, Parameter]] = {"query": {}, "header": {}, "path": {}}
        for one in self.parameters:
            if one.where in places and not (one.where == "header" and one.name.lower() in NOT_PARAMETERS):
                places[one.where][one.name.lower() if one.where == "header" else one.name] = one
        return places

    def check_values(self, where: str, values: dict[str, list[str]]) -> list[str]:
        faults = []
        for name, one in self.by_place[where].items():
            if name in values:
                faults += self.check_value(one, values[name])
            elif one.required and where != "path":
                faults.append(f"{where} {one.name}: missing")
        return faults

    def check_query(self, values: dict[str, list[str]]) -> list[str]:
        declared = self.by_place["query"]
        deep = tuple(f"{one.name}[" for one in declared.values() if one.deep)
        keys = {one.name for group in self.keys for one in group if one.where == "query"}
        unknown = [
            name
            for name in values
            if name not in declared and name not in keys and not name.startswith(deep or ("\0",))
        ]
        return self.check_values("query", values) + [f"query {name}: undeclared" for name in sorted(unknown)]

    def check_value(self, one: Parameter, texts: list[str]) -> list[str]:
        if one.split and "array" in self.schemas.kinds(one.schema):
            texts = [part for text in texts for part in text.split(one.split)]
        try:
            value = json.loads(texts[0]) if one.json else bodies.value_of(texts, self.schemas, one.schema)
        except json.JSONDecodeError:
            return [f"{one.where} {one.name}: not JSON"]
        return faults_of(self.validator(f"{one.where} {one.name}", one.schema), value, f"{one.where} {one.name}")

    def check_keys(self, query: dict[str, Any], headers: dict[str, str], body: bytes) -> list[str]:
        if not self.keys or any(all(has_key(one, query, headers, body) for one in group) for group in self.keys):
            return []
        names = [" + ".join(one.name for one in group) for group in self.keys]
        return [f"credentials: missing, or of another kind than {' or '.join(dict.fromkeys(names))}"]

    def check_body(self, body: bytes, headers: dict[str, str], content_type: str) -> list[str]:
        if not body:
            return ["body: missing"] if self.body_required else []
        if not self.bodies:
            return ["body: none is described"]
        if self.most_bytes is not None and len(body) > self.most_bytes:
            return [f"body: {len(body)} bytes, more than {self.most_bytes}"]
        media = bodies.media_type(content_type)
        schema = self.bodies.get(media, self.bodies.get("*/*"))
        if schema is None:
            return [f"content type {media or '(none)'}: not one of {', '.join(self.bodies)}"]
        try:
            value = bodies.read(bodies.unpacked(body, headers), content_type, self.schemas, schema)
        except bodies.UnreadableBodyError as error:
            return [f"body: {error}"]
        if value is None:
            return []
        faults = faults_of(self.validator(media, schema), value, "body")
        if self.limits:
            faults += faults_of(self.validator("limits"), value, "body")
        large = [line for at, most in self.part_bytes if len(body) > most for line in too_large(value, at, most)]
        return faults + large

    def validator(self, key: str, schema: Any = None) -> Draft202012Validator:
        """Compiled at first use: some documents take seconds as a whole. "limits" stands for `limits`, taken as they
        are.
        """
        if key not in self.validators:
            whole = {"allOf": self.limits} if key == "limits" else self.schemas.strict(schema)
            self.validators[key] = Draft202012Validator(
                whole, validate_formats=True, mask="the value", keywords=KEYWORDS, offline=True
            )
        return self.validators[key]


def has_key(one: Parameter, query: dict[str, Any], headers: dict[str, str], body: bytes) -> bool:
    """Whether a credential is there and, in the Authorization header, begins as its scheme does."""
    if one.where == "header":
        prefix = one.schema.get("prefix", "")
        return headers.get(one.name.lower(), "\0").lower().startswith(prefix)
    return one.name in query if one.where == "query" else one.name.encode() in body


def too_large(body: Any, at: str, most: int) -> list[str]:
    """The items of one list that are larger than they may be, as compact JSON in UTF-8."""
    for part in at.split("/")[1:]:
        body = body.get(part, []) if isinstance(body, dict) else []
    sizes = [len(COMPACT(item).encode()) for item in body]
    return [f"body {at}/{number}: larger than {most} bytes" for number, size in enumerate(sizes) if size > most]


def texts_of(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
