"""A connector chosen in a little project, its source pulled from the vendor's fake."""

from contextlib import ExitStack
from datetime import date
from typing import Any

from support.fakes.server import serve
from support.sources.server import Vendor

from connectors.catalogue.choose import FOLDER, named, new_from_connector
from connectors.pull import pull

DAY = date(2026, 3, 2)

CONSENTS = "staging/consents.sql"


class Chosen:
    """One source of one connector."""

    def __init__(self, project: Any, vendor: Vendor, name: str) -> None:
        self.project, self.vendor, self.name = project, vendor, name

    def pull(self, day: date = DAY) -> dict[str, dict[str, Any]]:
        """Each table's result; an error of any is an error of the test, and no row may be lost."""
        tables = self.try_pull(day)
        for name, entry in tables.items():
            assert "error" not in entry, f"{name}: {entry['error']}"
            assert entry["rows_in"] == entry["rows_landed"] + entry["rows_rejected"] + entry["rows_unchanged"]
        return tables

    def try_pull(self, day: date = DAY) -> dict[str, dict[str, Any]]:
        """The same, where errors are meant."""
        result = pull(self.project.settings, day, [self.name])
        assert not self.vendor.violations, self.vendor.violations[0]
        return {entry["table"]: entry for entry in result["sources"]}

    def raw(self, table: str, columns: str = "*", order: str = "_line") -> list[dict[str, Any]]:
        return self.project.rows(f"select {columns} from raw.{self.name}__{table} order by {order}")


class Choices:
    """`choices(vendor, name)`: starts the fake, writes the connector's files, gives it its address and its secrets."""

    def __init__(self, project: Any, monkeypatch: Any, stack: ExitStack) -> None:
        self._project, self._monkeypatch, self._stack = project, monkeypatch, stack

    def __call__(self, vendor: Vendor, name: str = "", is_confirmed: bool = True) -> Chosen:
        name = name or vendor.connector
        self._stack.enter_context(serve(vendor))
        confirmed_by = "A tester" if is_confirmed and (FOLDER / vendor.connector / CONSENTS).is_file() else None
        new_from_connector(self._project.settings, name, vendor.connector, confirmed_by=confirmed_by)
        sources = self._project.settings_given.setdefault("sources", {})
        sources[name] = {"url": vendor.url + vendor.path, **vendor.settings}
        for variable, value in vendor.secrets.items():
            self._monkeypatch.setenv(named(variable, name), value)
        file = self._project.root / f"connectors/sources/{name}.yml"
        for text, place in vendor.places.items():
            file.write_text(file.read_text().replace(text, place.replace("{url}", vendor.url)))
        return Chosen(self._project, vendor, name)
