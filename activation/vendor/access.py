"""What this installation has of a channel: its checked section of fairlead.toml, its secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from core.errors import ConfigError
from core.settings import ChannelSettings, Settings
from core.specs import Spec

A = TypeVar("A", bound=Spec)


@dataclass(frozen=True)
class Access(Generic[A]):
    """account   the validated [channels.<name>.options]; its fields that end in `_env` name environment variables
    secrets   their values, by the field's name without `_env`; an optional one that is not set is absent
    missing   what must still be set, in words; '' when the channel can be used
    """

    account: A
    base_url: str
    secrets: Mapping[str, str] = field(repr=False)
    missing: str = ""


def access(settings: Settings, channel: str, model: type[A], base_url: str = "") -> Access[A]:
    """base_url   the vendor's; [channels.<name>] url replaces it (a region's host, a proxy, a server of one's own).

    A field `token_env: str = "FAIRLEAD_X_TOKEN"` is needed; `password_env: str | None = "FAIRLEAD_X_PASSWORD"` is not.
    Raises ConfigError with every mistake of the section; a secret that is not set is no mistake: the channel is off.
    """
    section = settings.channels.get(channel, ChannelSettings())
    try:
        account = model.model_validate(section.options)
    except ValidationError as error:
        hint = f"Known: {', '.join(model.model_fields) or 'none'}."
        raise ConfigError(
            *(
                f"channels.{channel}.options: {'.'.join(map(str, e['loc']))}: {e['msg']}. {hint}"
                for e in error.errors()
            ),
            code="FL411",
        ) from None
    url = section.url or base_url
    if url and not url.startswith(("http://", "https://")):
        raise ConfigError(f"channels.{channel}.url must begin with https:// (or http://).", code="FL411")
    names = {f.removesuffix("_env"): getattr(account, f) for f in model.model_fields if f.endswith("_env")}
    secrets = {f: value for f, name in names.items() if name and (value := settings.find_secret(name))}
    needed = [f for f, info in model.model_fields.items() if f.endswith("_env") and info.annotation is str]
    missing = [names[f.removesuffix("_env")] for f in needed if f.removesuffix("_env") not in secrets]
    unset = [f for f in model.model_fields if not f.endswith("_env") and getattr(account, f) == ""]
    words = [f"FL406 {name} is not set" for name in missing] + [
        f"channels.{channel}.options.{f} is empty" for f in unset
    ]
    if not url:
        words.append(f"channels.{channel}.url is empty")
    return Access(account, url, secrets, ", ".join(words))
