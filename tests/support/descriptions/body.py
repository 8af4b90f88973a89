"""A body as the object its schema speaks of: JSON, a form, the parts of a multipart; None where no schema can speak."""

import gzip
import json
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs

from support.descriptions.schema import Schemas


class UnreadableBodyError(ValueError):
    """The body is not what its content type says; the message is the fault."""


def unpacked(body: bytes, headers: dict[str, str]) -> bytes:
    if headers.get("content-encoding", "").lower() != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except OSError as error:
        raise UnreadableBodyError("not gzip, though its Content-Encoding says so") from error


def read(body: bytes, content_type: str, schemas: Schemas, schema: Any) -> Any:
    media = media_type(content_type)
    if media.endswith("json"):
        return read_json(body)
    if media == "application/x-www-form-urlencoded":
        return read_form(body, schemas, schema)
    if media == "multipart/form-data":
        return read_parts(body, content_type, schemas, schema)
    return None


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=refuse_constant, object_pairs_hook=refuse_twice)
    except UnicodeDecodeError as error:
        raise UnreadableBodyError("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise UnreadableBodyError(f"not JSON at character {error.pos}") from error


def refuse_constant(name: str) -> Any:
    raise UnreadableBodyError(f"not JSON: {name}")


def refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise UnreadableBodyError("an object names a field twice")
    return whole


def read_form(body: bytes, schemas: Schemas, schema: Any) -> dict[str, Any]:
    try:
        texts = parse_qs(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one
        raise UnreadableBodyError("not a form") from error
    return values_of(texts, schemas, schema)


def read_parts(body: bytes, content_type: str, schemas: Schemas, schema: Any) -> dict[str, Any]:
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart():
        raise UnreadableBodyError("not multipart")
    texts: dict[str, list[str]] = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        texts.setdefault(str(name), []).append(value.decode("utf-8", "replace"))
    return values_of(texts, schemas, schema)


def values_of(texts_by_name: dict[str, list[str]], schemas: Schemas, schema: Any) -> dict[str, Any]:
    """The texts of a form or a query as the values their schemas ask for; what does not fit stays text,
    and is refused.
    """
    fields = schemas.fields(schema)
    return {name: value_of(texts, schemas, fields.get(name, {})) for name, texts in texts_by_name.items()}


def value_of(texts: list[str], schemas: Schemas, schema: Any) -> Any:
    schema = schemas.resolve(schema)
    kinds = schemas.kinds(schema)
    if "array" in kinds:
        return [scalar(text, schemas.kinds(schema.get("items", {}))) for text in texts]
    return scalar(texts[0], kinds) if len(texts) == 1 else texts


def scalar(text: str, kinds: set[str]) -> Any:
    if kinds & {"boolean"} and text in ("true", "false"):
        return text == "true"
    if kinds & {"integer", "number"} and "string" not in kinds:
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text) if "number" in kinds else text
        except ValueError:
            return text
    if kinds == {"object"}:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
