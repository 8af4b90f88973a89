"""E-mail addresses: nothing is changed (the address is an identifier); what it is and may have meant is told."""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from people.cleansing.values import TEXT, Answers

ROLES = frozenset(
    """abuse accounting accounts admin administrator all anfrage anfragen billing bookings buchhaltung bureau career
    careers commercial compliance contact contacto contato customerservice datenschutz direction enquiries enquiry
    finance help helpdesk hello hi hola hostmaster hr impressum info information inquiries investors it jobs kontakt
    kundenservice legal mail mailbox marketing media news newsletter no-reply noreply no_reply office order orders
    poczta post postmaster pr presse press privacy purchasing rechnung recepcion reception recruiting reklamation
    reservations root sales secretariat security service shop spam staff support sysadmin team tech ventas verkauf
    vertrieb webmaster welcome""".split()  # noqa: SIM905
)
PLACEHOLDERS = frozenset(
    """test@test.com test@test.de test@example.com noemail@noemail.com no@email.com none@none.com na@na.com
    noreply@example.com a@a.com a@b.com abc@abc.com asdf@asdf.com email@email.com me@me.com user@example.com
    unknown@unknown.com nobody@nowhere.com keine@email.de""".split()  # noqa: SIM905
)
# whose misspellings are looked for; a name of fewer than five letters is too near to too many others
COMMON = """gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it hotmail.com hotmail.co.uk
hotmail.de hotmail.fr hotmail.es hotmail.it outlook.com outlook.de outlook.fr icloud.com protonmail.com t-online.de
freenet.de orange.fr wanadoo.fr laposte.net libero.it virgilio.it comcast.net verizon.net btinternet.com
sbcglobal.net yandex.ru seznam.cz bigpond.com""".split()  # noqa: SIM905
LABELS = {domain.partition(".")[0] for domain in COMMON}
MISTYPED_ENDS = ("con", "cm", "co", "om", "cpm", "vom", "xom", "comm", "coom", "ocm", "cim", "cmo", "ed", "d", "dr")
KNOWN = frozenset(["mail.com", "email.com", "ymail.com", "gmx.com", "inbox.com", "rocketmail.com", "fastmail.com"])


def email_answers(emails: pa.Array) -> Answers:
    """Flags of addresses in their normal form: role, disposable, placeholder; a suggestion for a mistyped domain."""
    codes = emails.dictionary_encode()
    addresses = codes.dictionary
    parts = pc.extract_regex(addresses, r"(?s)^(?P<local>.*)@(?P<domain>[^@]*)$")
    local = pc.replace_substring_regex(parts.field("local"), r"\+.*$", "")
    domains = parts.field("domain").dictionary_encode()
    meant = pa.array([_meant(domain or "") for domain in domains.dictionary.to_pylist()], TEXT).take(domains.indices)
    suggested = pc.binary_join_element_wise(parts.field("local"), meant, "@")
    is_disposable = pa.array([_is_disposable(domain) for domain in domains.dictionary.to_pylist()], pa.bool_())
    flags = {
        "disposable": is_disposable.take(domains.indices),
        "domain_typo": pc.is_valid(suggested),
        "placeholder": pc.is_in(addresses, value_set=pa.array(sorted(PLACEHOLDERS), TEXT)),
        "role": pc.is_in(local, value_set=pa.array(sorted(ROLES), TEXT)),
    }
    return Answers(
        emails,
        {name: pc.fill_null(mask.take(codes.indices), False) for name, mask in flags.items()},
        suggested.take(codes.indices),
    )


def _is_disposable(domain: str) -> bool:
    """The domain or one that it lies in is on the published list of throw-away mailboxes."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in _disposable() for start in range(max(len(labels) - 1, 1)))


@cache
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


def _meant(domain: str) -> str | None:
    """The common domain that is one slip away: a letter more, fewer, another, or two in each other's place."""
    label, _, end = domain.partition(".")
    if not label or domain in COMMON or domain in KNOWN:
        return None
    if label in LABELS and len(end.partition(".")[0]) <= 3 and end not in MISTYPED_ENDS:
        return None  # yahoo.gr, outlook.at: the provider's own in other countries
    variants = {domain, *_shorter(domain)}
    near = {candidate for variant in variants for candidate in _index().get(variant, ())}
    return min((c for c in near if is_one_slip(domain, c)), key=COMMON.index, default=None)


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Each common domain, and itself without one letter -> the domain: two that are one slip apart share one."""
    index: dict[str, tuple[str, ...]] = {}
    for domain in COMMON:
        for variant in {domain, *_shorter(domain)}:
            index[variant] = (*index.get(variant, ()), domain)
    return index


def _shorter(text: str) -> list[str]:
    return [text[:place] + text[place + 1 :] for place in range(len(text))] if len(text) <= 40 else []


def is_one_slip(one: str, other: str) -> bool:
    """One letter more, fewer or another, or two neighbours changed about."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b or b[1:] == a or a[1:] == b[1:] or (a[:2] == b[1::-1] and len(a) > 1 and a[2:] == b[2:])
