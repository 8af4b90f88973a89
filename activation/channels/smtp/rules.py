"""What must be so before a mail is sent: the account, and what law and mailbox providers ask of commercial mail.

Source  CAN-SPAM (16 CFR 316: postal address, visible opt-out), RFC 8058 (one click), Google's and Yahoo's sender
        guidelines (DKIM aligned with From; From and List-Unsubscribe covered by it).
"""

import re
from pathlib import Path
from typing import Literal

from markupsafe import escape
from pydantic import Field

from activation.channels.smtp.dkim import Signer, read_key
from activation.channels.smtp.message import address, visible
from activation.vendor.access import Access
from content.templates import Content
from core.errors import ConfigError, RecordError
from core.specs import Spec

GIVEN = ("unsubscribe_url", "postal_address")  # variables that a template has beside the sync's fields
SAMPLE = {"unsubscribe_url": "https://unsubscribe.invalid/sample-link", "postal_address": "SAMPLE POSTAL ADDRESS"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
MessageClass = Literal["commercial", "transactional"]


class Account(Spec):
    host: str = ""
    port: int = Field(587, ge=1, le=65_535)
    tls: Literal["starttls", "tls", "none"] = "starttls"  # none: for a relay on this machine only
    ca_file: str | None = None  # a certificate authority of one's own, as PEM
    user: str | None = None
    password_env: str | None = "FAIRLEAD_SMTP_PASSWORD"
    helo: str | None = None  # what we call ourselves; None: this machine's name
    timeout_seconds: float = Field(60, gt=0)
    reply_seconds: float = Field(600, gt=0)  # for the answer to a message: RFC 5321 4.5.3.2.6, sooner makes duplicates
    messages_per_connection: int = Field(100, ge=1)  # many servers end the connection soon after
    from_address: str = ""
    from_name: str | None = None
    reply_to: str | None = None
    envelope_from: str | None = None  # where bounces go; {message} becomes the message's id. None: from_address
    postal_address: str | None = None
    unsubscribe_url: str | None = None  # https, with {token}
    unsubscribe_mailto: str | None = None
    unsubscribe_key_env: str | None = "FAIRLEAD_SMTP_UNSUBSCRIBE_KEY"
    dkim_domain: str | None = None  # None: the relay signs
    dkim_selector: str | None = None
    dkim_key_env: str | None = "FAIRLEAD_SMTP_DKIM_KEY"
    dkim_key_path_env: str | None = "FAIRLEAD_SMTP_DKIM_KEY_PATH"
    feedback_sender: str = Field("fairlead", pattern=r"^[A-Za-z0-9_-]{5,15}$")  # Gmail's SenderId: 5 to 15 characters


def missing(access: Access[Account], message_class: MessageClass) -> str:
    """What is not set in this installation, in words; '' when nothing is."""
    account, words = access.account, [access.missing] if access.missing else []
    if account.user and "password" not in access.secrets:
        words.append(f"{account.password_env} is not set")
    if message_class == "commercial" and "unsubscribe_key" not in access.secrets:
        words.append(f"{account.unsubscribe_key_env} is not set")
    if account.dkim_domain and not {"dkim_key", "dkim_key_path"} & set(access.secrets):
        words.append(f"{account.dkim_key_env} (or {account.dkim_key_path_env}) is not set")
    return ", ".join(words)


def wrong(account: Account, message_class: MessageClass, content: Content) -> list[str]:
    """Every mistake of the section, the sync's options and its templates."""
    faults, section, sender = [], "channels.smtp.options", account.from_address
    addresses = {
        "from_address": sender, "reply_to": account.reply_to, "envelope_from": _bounces(account),
        "unsubscribe_mailto": account.unsubscribe_mailto,
    }  # fmt: skip
    for name, value in addresses.items():
        if value and not _is_address(value):
            faults.append(f"{section}.{name}: no e-mail address.")
    if account.dkim_domain and not _aligned(sender, account.dkim_domain):
        faults.append(f"{section}.dkim_domain must be the domain of from_address, or one above it: else DMARC fails.")
    if account.dkim_domain and not account.dkim_selector:
        faults.append(f"{section}.dkim_selector is empty: name the one under which the public key stands in the DNS.")
    if account.tls == "none" and account.user and account.host and account.host not in LOOPBACK:
        faults.append(f"{section}.tls: none would show the password of `user` to the network. Take starttls or tls.")
    return faults + (_commercial(account, content, section) if message_class == "commercial" else [])


def _commercial(account: Account, content: Content, section: str) -> list[str]:
    faults, url = [], account.unsubscribe_url or ""
    if not (account.postal_address or "").strip():
        faults.append(f"{section}.postal_address is empty: CAN-SPAM asks for it in every commercial mail.")
    if not url.startswith("https://") or "{token}" not in url:
        faults.append(f"{section}.unsubscribe_url must begin with https:// and hold {{token}} (RFC 8058).")
    if re.search(r"[\s<>,\"]", url):
        faults.append(f"{section}.unsubscribe_url holds a character that no URL has.")
    for part in ("text", "html"):
        if part not in content.parts:
            continue
        shown, name = content.parts[part].bare(SAMPLE), content.parts[part].name
        if not has_link(shown, SAMPLE["unsubscribe_url"], html=part == "html"):
            how = 'a link, href="{{ unsubscribe_url }}"' if part == "html" else "{{ unsubscribe_url }}"
            faults.append(f"{name}: the {part} must always show {how}: commercial mail needs a visible way out.")
        if SAMPLE["postal_address"] not in visible(shown):
            faults.append(f"{name}: the {part} must always show {{{{ postal_address }}}}: CAN-SPAM asks for it.")
    return faults


def has_link(words: str, url: str, html: bool) -> bool:
    if not html:
        return url in words
    link, visible_text = str(escape(url)), visible(words)
    return f'href="{link}"' in visible_text or f"href='{link}'" in visible_text


def signer(access: Access[Account]) -> Signer | None:
    """None where the relay signs. Raises ConfigError for a key that cannot be read."""
    account, secrets = access.account, access.secrets
    if not account.dkim_domain or not {"dkim_key", "dkim_key_path"} & set(secrets):
        return None
    if "dkim_key" in secrets:
        key = read_key(secrets["dkim_key"], str(account.dkim_key_env))
    else:
        try:
            key = read_key(Path(secrets["dkim_key_path"]).read_text(), f"The file of {account.dkim_key_path_env}")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The file of {account.dkim_key_path_env}: {type(error).__name__}.") from None
    return Signer(account.dkim_domain, account.dkim_selector or "", key)


def _bounces(account: Account) -> str | None:
    return account.envelope_from and account.envelope_from.replace("{message}", "0" * 32)


def _is_address(value: str) -> bool:
    try:
        return bool(address(value))
    except RecordError:
        return False


def _aligned(sender: str, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 3.1.1), without the list of public suffixes: d= is From's domain or one above."""
    own = sender.rpartition("@")[2].lower()
    return "." in domain and (own == domain.lower() or own.endswith("." + domain.lower()))
