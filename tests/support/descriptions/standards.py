"""CloudEvents and OpenLineage: the standards' own JSON schemas, and what they leave to their prose."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator, Draft202012Validator, Registry
from support.descriptions.faults import faults_of

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs"
OPTIONS: dict[str, Any] = {"validate_formats": True, "mask": "the value", "offline": True}
PLACES = {  # which schema of OpenLineage a facet extends, by the end of its name; the longer ends first
    "InputDatasetFacet": ("InputDataset", "inputFacets"),
    "OutputDatasetFacet": ("OutputDataset", "outputFacets"),
    "DatasetFacet": ("Dataset", "facets"),
    "RunFacet": ("Run", "facets"),
    "JobFacet": ("Job", "facets"),
}


class Schema:
    """`Schema.load("cloudevents").check(event)`: the faults, each one line; [] where the standard accepts the event."""

    def __init__(self, validators: dict[str, Draft7Validator | Draft202012Validator]) -> None:
        self.validators = validators  # by the field that tells the kind of event; "" for any other

    @staticmethod
    @cache
    def load(standard: str) -> "Schema | None":
        """None where the standard's folder is absent."""
        files = sorted((SPECS / standard).glob("*.json"))
        contents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        if not contents:
            return None
        return Schema(openlineage(contents) if standard == "openlineage" else cloudevents(contents[0]))

    def check(self, event: dict[str, Any]) -> list[str]:
        kind = next((name for name in self.validators if name in event), "")
        return faults_of(self.validators[kind], event, "event")


def cloudevents(schema: dict[str, Any]) -> dict[str, Any]:
    """The prose of CloudEvents 1.0.2: the version's text, attribute names, one of the two kinds of data."""
    strict = {
        **schema,
        "allOf": [
            {"properties": {"specversion": {"const": "1.0"}}},
            {"propertyNames": {"anyOf": [{"pattern": "^[a-z0-9]{1,20}$"}, {"const": "data_base64"}]}},
            {"not": {"required": ["data", "data_base64"]}},
        ],
    }
    return {"": Draft7Validator(strict, **OPTIONS)}


def openlineage(contents: list[dict[str, Any]]) -> dict[str, Any]:
    """A facet known by name has to keep to its own schema, and an event takes no undeclared field beside its facets."""
    main = next(one for one in contents if "RunEvent" in one.get("$defs", {}))
    for facet in contents:
        for name in facet.get("properties", {}):
            for place, key, reference in places(facet):
                facets(main["$defs"][place], key)["properties"] = {
                    **facets(main["$defs"][place], key).get("properties", {}), name: {"$ref": reference},
                }  # fmt: skip
    for name in ("Run", "Job"):
        main["$defs"][name]["additionalProperties"] = False
    registry = Registry([(one["$id"], one) for one in contents])
    kinds = {"run": "RunEvent", "dataset": "DatasetEvent", "": "JobEvent"}
    return {
        field: Draft202012Validator(
            {"$ref": f"{main['$id']}#/$defs/{kind}", "unevaluatedProperties": False}, registry=registry, **OPTIONS
        )
        for field, kind in kinds.items()
    }


def places(facet: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(schema, its field of facets, reference to the facet's own schema) for each kind of thing the
    facet may stand on.
    """
    triples = []
    for name in facet["$defs"]:
        end = next((one for one in PLACES if name.endswith(one) and name != one), None)
        if end:
            triples.append((*PLACES[end], f"{facet['$id']}#/$defs/{name}"))
    return triples


def facets(schema: dict[str, Any], key: str) -> dict[str, Any]:
    for part in [schema, *schema.get("allOf", [])]:
        if key in part.get("properties", {}):
            return part["properties"][key]
    raise KeyError(key)
