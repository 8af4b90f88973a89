"""A shop's own defaults, as `fairlead init` asks for them: checked, and written as its fairlead.toml."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import phonenumbers
from pydantic import ValidationError

from core.errors import ConfigError
from core.project.texts import text_of
from core.settings import ProjectSettings

HEAD = """\
# What is this company's own, written once by `fairlead init` and yours from then on. It wins over Fairlead's own
# fairlead.toml, key by key; the environment wins over both. Secrets never stand here: .env.example names them.
"""
MEANINGS = {  # key of [project] -> what is asked
    "name": "The shop's name",
    "default_country": "Country, two letters: how a phone number without a country code is read",
    "currency": "Currency, three letters",
    "time_zone": "Time zone: what a day is",
    "language": "Language, as in en or pt-BR",
    "week_starts_on": "The fiscal week starts on (monday, saturday, sunday)",
}


def checked(key: str, text: str) -> str:
    """One answer as it is written. Raises ConfigError with what is wrong with it."""
    value = text.strip()
    if key in ("default_country", "currency"):
        value = value.upper()
    if key == "week_starts_on":
        value = value.lower()
    if not value:
        raise ConfigError(f"{key} is empty.")
    if key == "default_country" and value not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigError(f"{value!r} is no country. Write two letters of ISO 3166, such as BR; Britain is GB.")
    if key == "currency" and not re.fullmatch("[A-Z]{3}", value):
        raise ConfigError(f"{value!r} is no currency. Write three letters of ISO 4217, such as BRL.")
    try:
        ProjectSettings(**{key: value})
    except ValidationError as error:
        raise ConfigError(f"{key}: {error.errors()[0]['msg']}.") from None
    return value


def zone_of(country: str) -> str:
    """The time zone of a country that has one alone, else ''."""
    from phonenumbers.timezone import time_zones_for_number

    number = phonenumbers.example_number(country)
    zones = [zone for zone in time_zones_for_number(number) if number and "/" in zone] if number else []
    return zones[0] if len(zones) == 1 and zones[0] != "Etc/Unknown" else ""


def currency_of(country: str) -> str:
    """The currency of a country that has one alone, else ''."""
    from babel.numbers import get_territory_currencies

    currencies = get_territory_currencies(country)
    return str(currencies[0]) if len(currencies) == 1 else ""


def wanted(project: Mapping[str, str], sources_off: Iterable[str]) -> dict[str, Any]:
    """What fairlead.toml is to hold, as tomllib would read it."""
    off: dict[str, Any] = {"sources": {name: {"enabled": False} for name in sources_off}}
    return {"project": dict(project)} | (off if off["sources"] else {})


def toml_of(content: Mapping[str, Any]) -> str:
    lines = [HEAD, "[project]", *(f"{key} = {_text(value)}" for key, value in content["project"].items())]
    for name in content.get("sources", {}):
        lines += ["", f"[sources.{name}]", "enabled = false            # the sample's: its syncs take no part either"]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a TOML basic string has JSON's escapes


def changes(file: Path, content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Key -> {now, wished}, of what a file that stands already holds otherwise."""
    try:
        standing = tomllib.loads(text_of(file))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.parent.name}/{file.name}: {error}") from None
    now, wished = dict(_flat(standing)), dict(_flat(content))
    return {key: {"now": now.get(key), "wished": value} for key, value in wished.items() if now.get(key) != value}


def _flat(content: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def example_of(folder: Path | None, secrets: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Line of .env.example -> the comment above it."""
    lines = {"FAIRLEAD_PROJECT__FOLDER=": "this folder, from wherever a command is typed"} if folder else {}
    lines["FAIRLEAD_HOME="] = "where the warehouse and all state lie; outside every repository"
    for name, what in secrets:
        lines.setdefault(f"{name}=", what)
    return lines
