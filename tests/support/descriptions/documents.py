"""Which documents of `../shared/specs` describe which vendor, and how they are read."""

import json
from pathlib import Path
from typing import Any

import yaml
from support.descriptions import google as described_google
from support.descriptions import lexicon as described_lexicon
from support.descriptions import openapi as described_openapi
from support.descriptions import postman as described_postman
from support.descriptions.mends import mend_document, mend_operations
from support.descriptions.operation import Operation
from support.descriptions.outdated import RETIRED

PREFIXES = {"tiktok": "/open_api/v1.3"}  # its documents name the host alone
SUFFIXES = (".json", ".yml", ".yaml")


def operations_of(vendor: str, specs: Path) -> list[Operation] | None:
    """`vendor` is a folder, or a folder and how a file begins (`google/fcm`). None where there is no such file."""
    folder, _, stem = vendor.partition("/")
    files = sorted(one for one in (specs / folder).glob(f"{stem}*") if one.suffix in SUFFIXES)
    if not files:
        return None
    contents = [document(file) for file in files]
    if "lexicon" in contents[0]:
        return list(described_lexicon.operations(contents))
    operations = [one for content in contents for one in read(folder, content)]
    mend_operations(folder, operations)
    return [one for one in operations if one.template not in RETIRED.get(folder, ())]


def document(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return (
        json.loads(text) if file.suffix == ".json" else yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )


def read(vendor: str, content: dict[str, Any]) -> list[Operation]:
    mend_document(vendor, content)
    if "discoveryVersion" in content:
        return list(described_google.operations(content))
    if "paths" in content:
        return list(described_openapi.operations(content, PREFIXES.get(vendor)))
    return list(described_postman.operations(content))
