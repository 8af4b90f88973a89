"""`activation/syncs/<segment or feed>__<channel>.yml` -> Sync: who or what goes where, under which consent."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from activation.channel import About, Contact, Mode, Policy
from activation.sync_fields import OWN, Cap, ExitFields, FieldMap, Unit, names_at_fault, unnamed
from activation.sync_rules import surroundings
from core.errors import ConfigError
from core.extras.person import text_columns
from core.governance.sensitive import Sensitive
from core.project.files import base, clash, found, placed, shown
from core.project.texts import text_of
from core.settings import Settings
from core.specs import LOADER, Spec, load_spec, load_specs
from core.unexpected import words


class Sync(Spec):
    name: str
    description: str = Field(min_length=1)
    # One of the two: people, marts.segment__<segment>, or what has happened, marts.feed__<feed>.
    segment: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    feed: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    channel: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    contact_channel: Contact  # which consent is asked: one of those that the channel reaches people by
    # transactional: about something that the person has done (an order, a password), and so of a feed; no consent to
    # marketing is asked
    message_class: Literal["commercial", "transactional"] = "commercial"
    # why no consent is asked, in words for who answers for it; with contact_channel none
    basis: str = Field("", max_length=300)
    purpose: Literal["marketing", "profiling"] = "marketing"
    mode: Mode
    fields: dict[str, str | FieldMap] = Field(min_length=1)
    sensitive: tuple[str, ...] = ()  # the fields whose column is sensitive: sent because they stand here, and only then
    on_exit: Literal["remove", "keep"] | ExitFields = "remove"
    holdout_share: float = Field(0.0, ge=0, lt=1)
    holdout_per: Unit = "person"  # all of a household or an account are held out, or none
    cap: Cap | None = None
    # Of a feed: events of an older day are not sent, so that a new sync does not flood a vendor with all history.
    # Meta takes seven days.
    max_age_days: int = Field(7, ge=1, le=400)
    max_change_share: float = Field(0.3, gt=0, le=1)
    max_rejected_share: float = Field(0.05, ge=0, le=1)  # more, and somebody is told ([alerts] in fairlead.toml)
    # a source that must be there and not switched off; else the sync takes no part, and nobody's plan shows it
    needs_source: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    enabled: bool = True
    paused: str = Field("", max_length=200)  # why nothing is pushed for now; the audience is built and planned as ever
    # Everybody of ours is taken out at the next push, whatever the segment says. Then the file can be deleted:
    # without this the people it put there would stay, and nobody would know them any more.
    retired: bool = False
    options: dict[str, Any] = Field({})
    _extra_texts: frozenset[str] = PrivateAttr(frozenset())  # columns of profiles that a company declared, as texts
    _judges_addresses: bool = PrivateAttr(True)

    @field_validator("fields")
    @classmethod
    def plain_names(cls, fields: dict[str, str | FieldMap], info: ValidationInfo) -> dict[str, str | FieldMap]:
        if wrong := names_at_fault(fields, of_feed=bool(info.data.get("feed"))):
            raise ValueError("; ".join(wrong))
        return fields

    @field_validator("sensitive")
    @classmethod
    def names_of_fields(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if unknown := set(names) - set(info.data.get("fields") or names):
            raise ValueError(f"{', '.join(sorted(unknown))}: not among the sync's fields")
        return names

    @field_validator("on_exit")
    @classmethod
    def leaving_is_for_mirrors(cls, on_exit: Any, info: ValidationInfo) -> Any:
        if on_exit != "remove" and info.data.get("mode") not in ("mirror", None):
            raise ValueError("only mode mirror follows those who leave")
        unknown = (
            set(on_exit.set) - set(info.data.get("fields") or on_exit.set) if isinstance(on_exit, ExitFields) else ()
        )
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: not among the sync's fields")
        return on_exit

    def options_for(self, model: type[Spec]) -> dict[str, Any]:
        """What a channel's Options are made of: the file's, and what the file says once for all channels."""
        more = {"message_class": self.message_class} if "message_class" in model.model_fields else {}
        return {**self.options, **more}

    @property
    def stem(self) -> str:
        """The segment or feed, by which the file is called."""
        return self.segment or self.feed or ""

    @property
    def key(self) -> str:
        """The column of `records` by which a row is known; its values are the record keys of the ledger."""
        return "event_id" if self.feed else "person_id"

    @property
    def audience(self) -> str:
        return "marts.feed_audiences" if self.feed else "marts.audiences"

    @property
    def members(self) -> str:
        """SQL to stand after `from`: sync, record_key, included, reason."""
        return f"(select sync, {self.key} as record_key, included, reason from {self.audience})"

    @property
    def records(self) -> str:
        """What the fields are columns of, to stand before an alias; its `key` is the members' record_key."""
        own = [column for table, column in self.origins.values() if table != self.tables[0]]
        if not own:
            return self.tables[0]
        named = "".join(f", own.{column} as segment__{column}" for column in dict.fromkeys(own))
        return (  # each person once, whatever the segment says
            f"(select people.*{named} from {self.tables[0]} as people left join (select *, row_number() over "
            "(partition by "
            f"person_id order by person_id) as own_place from marts.segment__{self.segment}) as own"
            " on own.person_id = people.person_id and own.own_place = 1)"
        )

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the fields come from; the first holds everybody."""
        tables = [f"marts.feed__{self.feed}" if self.feed else "marts.profiles"]
        return tuple(dict.fromkeys([*tables, *(table for table, _ in self.origins.values())]))

    @property
    def origins(self) -> dict[str, tuple[str, str]]:
        """Field at the channel -> the table and the column that it comes from."""
        records = f"marts.feed__{self.feed}" if self.feed else "marts.profiles"
        return {
            name: (f"marts.segment__{self.segment}", column.removeprefix(OWN))
            if column.startswith(OWN)
            else (records, column)
            for name, column in self._mapped.items()
        }

    @property
    def columns(self) -> dict[str, str]:
        """Field at the channel -> column of `records`."""
        return {name: column.replace(OWN, "segment__") for name, column in self._mapped.items()}

    def look_for_addresses(self, is_built: bool) -> None:
        """Whether marts.address_withdrawals is there, which an earlier version did not build (FL206)."""
        self._judges_addresses = is_built

    @property
    def judged(self) -> dict[str, str]:
        """Of the foreign those that are judged by their values."""
        return self.foreign if self._judges_addresses else {}

    @property
    def foreign(self) -> dict[str, str]:
        """As `columns`, of those that may hold an address which consent does not know as the person's."""
        return {
            name: column
            for name, column in self.columns.items()
            if self.origins[name][0] != "marts.profiles" or column in self._extra_texts
        }

    @property
    def _mapped(self) -> dict[str, str]:
        """Field at the channel -> column, as the file names it."""
        return {name: f if isinstance(f, str) else f.column for name, f in self.fields.items()}

    @property
    def policies(self) -> dict[str, Policy]:
        return {
            name: f.policy for name, f in self.fields.items() if isinstance(f, FieldMap) and f.policy != "overwrite"
        }

    @property
    def exit_fields(self) -> dict[str, Any]:
        """What is set for those who leave; empty where they are taken out or kept."""
        return dict(self.on_exit.set) if isinstance(self.on_exit, ExitFields) else {}

    @property
    def wants_nobody(self) -> bool:
        """Whether nobody is to be there any more on the word of this sync, whatever the segment says."""
        return self.retired

    @property
    def follows_leavers(self) -> bool:
        """Whether leaving the audience is itself a change, and not only the loss of consent."""
        return self.mode == "mirror" and self.on_exit != "keep"

    @property
    def updates(self) -> bool:
        """Whether a changed payload is sent again."""
        return self.mode in ("mirror", "upsert", "update_only")

    @property
    def holdout_below(self) -> str:
        """The first 8 hex digits of md5(sync || id) lie below this for the share held out; id: of the `holdout_per`."""
        return f"{round(self.holdout_share * 0x1_0000_0000):08x}"

    @property
    def audience_hash(self) -> str:
        """Changes with whatever decides who is in the audience: one built under another rule must not be pushed."""
        if self.feed:
            return _digest(["feed", self.feed, self.contact_channel, self.purpose, self.max_age_days])
        cap = (self.cap.touches, self.cap.days) if self.cap else None
        units = {"cap": self.cap_per, "holdout": self.holdout_per}
        others = [units] if set(units.values()) != {"person"} else []
        return _digest([self.segment, self.contact_channel, self.purpose, self.holdout_below, cap, *others])

    @property
    def cap_per(self) -> Unit:
        return self.cap.per if self.cap else "person"

    @property
    def mapping_hash(self) -> str:
        """Changes with the mapping, and so with what every payload says."""
        return _digest(sorted(self.columns.items()))

    @property
    def sending_hash(self) -> str:
        """Changes with what decides the words and the place of a sending: a saved plan holds for one of these."""
        return _digest(
            [
                self.channel,
                self.mode,
                self.retired,
                self.model_dump(mode="json", include={"fields", "on_exit", "options"}),
            ]
        )


def identifiers(about: About, sync: Sync) -> list[str]:
    """The sync's fields by which the channel knows people; none where person_id is enough."""
    return [field for field in about.identifiers if field in sync.columns]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def load_syncs(settings: Settings, names: list[str] | None = None) -> dict[str, Sync]:
    """All sync files, or those named. Raises ConfigError with every mistake of every one of them, with its line."""
    paths = found(settings, "syncs")
    unknown = sorted(set(names or ()) - set(paths))
    if unknown:
        place = shown(settings, placed(settings, "activation/syncs"))
        raise ConfigError(
            *(f"No sync {n!r}. Syncs: {', '.join(paths) or 'none'}. Add {place}/{n}.yml." for n in unknown),
            code="FL408",
        )
    chosen = (several[0] for name, several in paths.items() if not names or name in names)
    extra_texts, classes = text_columns(settings), Sensitive(settings)
    return load_specs(chosen, lambda path: _load(paths[path.stem], settings, extra_texts, classes))


def readable_syncs(settings: Settings) -> tuple[dict[str, Sync], dict[str, str]]:
    """The syncs whose files are in order; and of each other file its mistakes, by the sync's name.

    For what one broken file must not hold up: whoever withdraws is taken out of the other syncs all the same.
    """
    syncs, mistakes, extra_texts, classes = {}, {}, text_columns(settings), Sensitive(settings)
    for name, paths in found(settings, "syncs").items():
        try:
            syncs[name] = _load(paths, settings, extra_texts, classes)
        except ConfigError as error:
            mistakes[name] = " ".join(error.mistakes)
        except Exception as error:  # whatever a file does to its reader, it is that file's fault
            mistakes[name] = f"{shown(settings, paths[0])}: {words(error)}."
    return syncs, mistakes


def _load(paths: list[Path], settings: Settings, extra_texts: frozenset[str], classes: Sensitive) -> Sync:
    """The spec's own mistakes and those that only its surroundings show come together."""
    if len(paths) > 1:
        raise ConfigError(clash(settings, paths))
    (path,), mistakes, sync = paths, [], None
    try:
        sync = load_spec(path, Sync, base(settings, path), name=path.stem)
    except ConfigError as error:
        mistakes += error.mistakes
    try:
        content = yaml.load(text_of(path), Loader=LOADER)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError, ConfigError):
        content = None  # `load_spec` has told why
    if isinstance(content, dict):
        mistakes += [
            f"{shown(settings, path)}:{_line(path, key)}: {key}: {text}"
            for key, text in surroundings(path.stem, content, settings, Sync)
        ]
    mistakes += unnamed(path, sync.file, sync.origins, sync.sensitive, classes) if sync else []
    if mistakes or sync is None:
        raise ConfigError(*mistakes)
    sync._extra_texts = extra_texts
    return sync


def _line(path: Path, key: str) -> int:
    lines = text_of(path).splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
