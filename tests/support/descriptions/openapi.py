"""The operations of a Swagger 2 or OpenAPI 3 document."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from support.descriptions.operation import Operation, Parameter
from support.descriptions.schema import Schemas

METHODS = {"get", "put", "post", "delete", "patch"}
SPLITS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "spaceDelimited": " ", "pipeDelimited": "|"}
FORMS = "application/x-www-form-urlencoded"


def operations(document: dict[str, Any], prefix: str | None = None) -> Iterator[Operation]:
    """`prefix` is the path before every template, where the document does not say it itself."""
    read = swagger2 if "swagger" in document else openapi3
    schemas = Schemas(document)
    prefix = base_path(document) if prefix is None else prefix
    for template, item in document["paths"].items():
        item = schemas.resolve(item)
        for method in METHODS & item.keys():
            description = item[method]
            parameters = {
                (p["in"], p["name"]): p
                for p in map(schemas.resolve, [*item.get("parameters", []), *(description.get("parameters") or [])])
            }
            one = Operation(method.upper(), prefix + template.partition("?")[0].partition("#")[0], schemas)
            one.keys = keys(document, description)
            read(one, description, list(parameters.values()), document)
            yield one


def base_path(document: dict[str, Any]) -> str:
    if "swagger" in document:
        return (document.get("basePath") or "").rstrip("/")
    servers = document.get("servers") or [{"url": ""}]
    url = servers[0]["url"]
    return urlsplit(url if "//" in url else f"//{url}").path.rstrip("/")


def openapi3(
    one: Operation, description: dict[str, Any], parameters: list[dict[str, Any]], document: dict[str, Any]
) -> None:
    for p in parameters:
        schema, style = p.get("schema"), p.get("style", "form")
        as_json = schema is None and "content" in p
        schema = next(iter(p["content"].values())).get("schema", {}) if as_json else schema or {}
        repeated = style == "form" and p.get("explode", True) and p["in"] == "query"
        split = "" if repeated else SPLITS.get(style, ",")
        one.parameters.append(
            Parameter(p["name"], p["in"], p.get("required") is True, schema, split, as_json, style == "deepObject")
        )
    body = one.schemas.resolve(description.get("requestBody") or {})
    one.body_required = body.get("required") is True
    one.bodies = {
        media.partition(";")[0].strip().lower(): content.get("schema", {})
        for media, content in (body.get("content") or {}).items()
    }


def swagger2(
    one: Operation, description: dict[str, Any], parameters: list[dict[str, Any]], document: dict[str, Any]
) -> None:
    """A parameter's own keywords are its schema; all the `formData` parameters together are one object."""
    medias = description.get("consumes") or document.get("consumes") or ["application/json"]
    form = [p for p in parameters if p["in"] == "formData"]
    for p in parameters:
        if p["in"] == "body":
            one.body_required = p.get("required") is True
            one.bodies = {media.partition(";")[0].strip().lower(): p.get("schema", {}) for media in medias}
        elif p["in"] != "formData":
            split = "" if p.get("collectionFormat") == "multi" else SPLITS.get(p.get("collectionFormat", "csv"), ",")
            one.parameters.append(Parameter(p["name"], p["in"], p.get("required") is True, schema_of(p), split))
    if form:
        needed = [p["name"] for p in form if p.get("required") is True]
        schema = {"type": "object", "properties": {p["name"]: schema_of(p) for p in form}, "required": needed}
        one.body_required = bool(needed)
        one.bodies = dict.fromkeys(
            {*medias, "multipart/form-data" if any(p["type"] == "file" for p in form) else FORMS}, schema
        )


def schema_of(parameter: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameter.items() if key not in ("name", "in", "required", "description")}


def keys(document: dict[str, Any], description: dict[str, Any]) -> list[list[Parameter]]:
    """The credentials, as parameters: one of the lists has to be there in full."""
    schemes = (document.get("components") or {}).get("securitySchemes") or document.get("securityDefinitions") or {}
    alternatives = description.get("security", document.get("security")) or []
    lists = [[key(schemes[name]) for name in group if name in schemes] for group in alternatives]
    return lists if all(lists) else []


def key(scheme: dict[str, Any]) -> Parameter:
    if scheme["type"] == "apiKey":
        return Parameter(scheme["name"], scheme["in"])
    kind = "basic" if "basic" in (scheme["type"], scheme.get("scheme", "").lower()) else "bearer"
    return Parameter("authorization", "header", schema={"prefix": f"{kind} "})
