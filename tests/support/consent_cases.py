"""People who said no and were delivered once, and some who must be: what the shop's files hold of them over three
nights.

Each is known by the name before the @. `MAILED` says on which of the three nights they are in the audience of e-mail.
"""

from support.consent_worlds import Night

DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
EARLIER = "2026-01-01T10:00:00Z"
EMAIL_MARKETING = {"channel": "email", "purpose": "marketing"}

# Odd stops, all in the file of the first night, after a plain grant: what differs from a plain withdrawal.
ODD = {
    "dash": {"channel": "e-mail"}, "all": {"channel": "all"}, "space": {"channel": " email"},
    "no_words": {"channel": "", "purpose": ""},
    "letter": {"purpose": "newsletter"}, "status": {"status": "unsubscribed"},
    "shout": {"status": "WITHDRAWN", "said_at": ""},
    "no_status": {"status": ""}, "yesterday": {"said_at": "yesterday"}, "slashes": {"said_at": "02/03/2026 09:00"},
    "no_such_day": {"said_at": "2026-02-30T09:00:00Z"}, "at_once": {"said_at": EARLIER},
    "epoch": {"said_at": "1970-01-01T00:00:00Z"},
    "next_century": {"said_at": "2099-01-01T00:00:00Z"}, "by_date": {"said_at": "2026-01-01T00:00:00Z"},
}  # fmt: skip
# Events of the mail's second night, as vendors word them.
WORDS = ("link_unsubscribe", "SpamComplaint", "emailUnsubscribe", "email_unsubscribed", "Unsubscribed from List",
         "Unsubscribe Click",
         "opt-out", "unsubscribed.", "unsubscribed\t", "unsubscribed\u00a0", "cleaned", "Hard Bounce",
         "STOP", "Abgemeldet", "")  # fmt: skip
# Addresses of the mail's second night as senders write them; the name before the @ is what is told apart.
SPELT = ("Spelt One <{}>", "mailto:{}", "{}.", "'{}' (Work)", "nobody@example.net; {}")
# Customers' numbers, and as a spreadsheet has written them beside a no of the second night.
NUMBERS = (("0071", "71"), ("7102", "7102.0"), ("c-7103", "C 7103"), ("7104", "#07104"), ("7105", "７１０５"))
# Telephone numbers of noes of the second night as people write them.
CALLED = ("{} (work)", "{} / 07400 899998", "0{}.0", "fax 01134 960000; mobile {}", "please stop: {}")
MAILED: dict[str, tuple[int, ...]] = {
    "plain": (1, 2, 3), "again": (1, 2, 3), "front_desk": (1,), "moved": (1,), "old": (), "new": (),
    "back_and_forth": (2,),
    "first_reader": (1,), "leaver": (1,), "unknown_mail": (), "ahead": (), "mended": (2, 3), "mistaken": (2, 3),
    "narrowed": (), "bounced": (1,), "bounced_new": (3,), "handed_on": (1,), "handed_on_new": (), "heir": (),
    "login": (1, 3),
    "capital": (1,), "relabelled": (1,), "new_phone": (1,), "two_lines": (), "torn_line": (), "vendor_word": (1,),
    "misdated": (), "withdrawn_back": (2, 3), "wider": (2,),
    "twin_one": (1,), "twin_two": (), "elsewhere": (1,),
    "dated_mail": (1,), "dated_there": (1,), "dated_yes": (1,), "overwritten": (1,),
    "row_gone": (1,), "torn_mail": (1,),
    "bounced_soft": (1, 2, 3),
    "left_behind": (1,), "left_behind_new": (2,), "inn": (1,),
    "two_granted": (1, 2, 3),
} | dict.fromkeys(ODD, ()) | {
    f"{kind}_{n}": (1,)
    for kind, ways in (("called", CALLED), ("numbered", NUMBERS), ("spelt", SPELT), ("worded", WORDS))
    for n in range(len(ways))
}  # fmt: skip


def night(number: int) -> Night:
    """The files at the end of night 1, 2 or 3."""
    day = DAYS[number - 1]
    out = Night(mail=_mail(number, day))
    for name in [*ODD, "plain", "again", "mended", "mistaken", "narrowed", "misdated", "unknown_mail", "login"]:
        _customer(out, name)
        _state(out, name, "granted")
    for name, odd in ODD.items():
        _state(out, name, **{"status": "withdrawn", "said_at": "2026-03-02T09:00:00Z", **odd})
    _desk(out)
    _movers(out, number, day)
    _two_of_one(out)
    _rows_that_change(out, number)
    _worded(out, number)
    _dated(out, number)
    _numbered(out, number)
    _called(out, number)
    _overwritten(out, number)
    _guests(out, number)
    if number == 1:
        _customer(out, "leaver")
    _state(out, "leaver", "granted")
    _customer(out, "ahead")
    _state(out, "ahead", "granted", said_at="2099-01-01T00:00:00Z")
    _state(out, "ahead", "withdrawn", said_at="2026-03-02T08:00:00Z")
    _state(out, "again", "withdrawn", said_at="2026-02-01T10:00:00Z")
    _state(out, "again", "granted", said_at="2026-02-10T10:00:00Z", pref_no="p-again-again")
    phone = out.customers[[c[0] for c in out.customers].index("c-unknown_mail")][2] or ""
    said = {"said_at": "2026-03-02T09:00:00Z", "customer_no": "", "email": "nobody@example.com", "phone": phone}
    _state(out, "unknown_mail", "withdrawn", **said)
    _said_again(out, number, day)
    reader = {"subscriber_no": "n-first_reader", "email": "first_reader@example.com", "status": "granted"}
    out.news.append(reader if number < 3 else {**reader, "first_name": "Zoe"})
    return out


def _customer(out: Night, name: str, email: str = "", changed: str = EARLIER, phone: str | None = None) -> None:
    own = f"+447500{900000 + len(out.customers)}"  # no world has such a number
    at = changed.replace("T", " ").removesuffix("Z")
    out.customers.append((f"c-{name}", email or f"{name}@example.com", own if phone is None else phone, at))


def _state(out: Night, name: str, status: str, said_at: str = EARLIER, **more: str) -> None:
    row = {"pref_no": f"p-{name}-{status}", "customer_no": f"c-{name}", "status": status, "said_at": said_at}
    out.preferences.append({**row, **EMAIL_MARKETING, **more})


def _mail(number: int, day: str) -> list[dict[str, str]]:
    events = {
        2: [("front_desk", "unsubscribed"), ("moved", "unsubscribed"), ("first_reader", "unsubscribed"),
            ("bounced", "bounced"),
            ("handed_on", "unsubscribed"), ("login", "unsubscribed"), ("capital", "unsubscribed"),
            ("relabelled", "unsubscribed"),
            ("new_phone", "unsubscribed"), ("vendor_word", "Unsubscribe"), ("twin_one", "unsubscribed"),
            ("elsewhere", "unsubscribed")],
        3: [("left_behind", "unsubscribed")],
    }.get(number, [])  # fmt: skip
    if number == 2:
        events += [(f"worded_{n}", word) for n, word in enumerate(WORDS)] + [
            *((f"spelt_{n}", "unsubscribed") for n in range(len(SPELT))),
            ("bounced_soft", "soft_bounce"),
            ("dated_mail", "unsubscribed"),
        ]
    return [
        {
            "event_no": f"m-{name}",
            "email": _spelt(name),
            "user_no": "c-bounced" if name == "bounced" else "",
            "event": event,
            "at": day if name == "dated_mail" else f"{day}T12:00:00Z",
        }
        for name, event in events
    ]


def _spelt(name: str) -> str:
    address, number = f"{name}@example.com", name.removeprefix("spelt_")
    return SPELT[int(number)].format(address) if number != name else address


def _desk(out: Night) -> None:
    """Three guests are one person by the desk's address; the address's own no is its fourth record, and it joins
    nobody.
    """
    for guest in ("one", "two", "three"):
        _customer(out, f"guest-{guest}", "front_desk@example.com", phone="")
        _state(out, f"guest-{guest}", "granted")


def _movers(out: Night, number: int, day: str) -> None:
    """Records that change their address after it said no, or could not be reached; one address goes to
    somebody else.
    """
    is_last_night = number == 3
    for name, since in (("moved", 3), ("bounced", 3), ("handed_on", 3), ("left_behind", 2)):
        has = number >= since
        _customer(
            out, name, f"{name}_new@example.com" if has else "", f"{DAYS[since - 1]}T09:00:00Z" if has else EARLIER
        )
        _state(out, name, "granted")
    for name, address in (("heir", "handed_on"), ("second_heir", "left_behind")):
        if is_last_night:
            _customer(out, name, f"{address}@example.com", f"{day}T10:00:00Z")
        _state(out, name, "granted")
    if is_last_night:
        _state(out, "login", "granted", said_at=f"{day}T11:00:00Z", pref_no="p-login-again")


def _two_of_one(out: Night) -> None:
    """One human with two addresses: the one in use said no, the other said yes later."""
    _customer(out, "old", changed="2026-02-01T10:00:00Z", phone="+447400899999")
    _customer(out, "new", changed="2025-01-01T10:00:00Z", phone="+447400899999")
    _state(out, "old", "withdrawn", said_at="2026-01-15T10:00:00Z", customer_no="", email="old@example.com")
    _state(out, "new", "granted", said_at="2026-02-01T10:00:00Z", customer_no="", email="new@example.com")


def _rows_that_change(out: Night, number: int) -> None:
    _customer(out, "back_and_forth")
    _state(out, "back_and_forth", "granted" if number == 2 else "withdrawn", said_at="", pref_no="p-back_and_forth")
    preferences = {row["pref_no"]: row for row in out.preferences}
    if number == 1:
        preferences["p-mended-granted"]["said_at"] = "yesterday"
        preferences["p-mistaken-granted"]["status"] = "withdrawn"
    stop = {"channel": "any", "status": "withdrawn"} if number == 1 else {"channel": "ads", "status": "granted"}
    _state(out, "narrowed", **{"said_at": "2026-03-02T09:00:00Z", **stop}, pref_no="p-narrowed")
    unreadable = {"said_at": "yesterday"} if number == 1 else {}  # put right on the second night, in other words
    _state(out, "misdated", **{"said_at": "2026-03-02T09:00:00Z", **stop, **unreadable}, pref_no="p-misdated")
    _customer(out, "withdrawn_back")
    mended = {"status": "granted", "said_at": "2026-03-03T09:00:00Z"}
    mended |= {"status": "withdrawn", **unreadable} if number == 1 else {}
    _state(out, "withdrawn_back", **mended, pref_no="p-withdrawn_back")
    _customer(out, "wider")  # no time, and between its two noes a yes by another row
    _state(out, "wider", "withdrawn", said_at="", channel="all" if number == 3 else "email", pref_no="p-wider")
    if number > 1:
        out.news.append({"subscriber_no": "n-wider", "email": "wider@example.com", "status": "granted"})


def _worded(out: Night, number: int) -> None:
    for name in [
        *(f"worded_{n}" for n in range(len(WORDS))),
        *(f"spelt_{n}" for n in range(len(SPELT))),
        "bounced_soft",
    ]:
        _customer(out, name)
        _state(out, name, "granted")
    _customer(out, "two_granted")  # a yes by two addresses in one field is none, and no no
    _state(out, "two_granted", "granted")
    both = {"customer_no": "", "email": "two_granted@example.com, other@example.net"}
    _state(out, "two_granted", "granted", said_at="2026-02-01T10:00:00Z", pref_no="p-two_granted-both", **both)


def _dated(out: Night, number: int) -> None:
    """A yes of one morning, and a no of that date without an hour: in UTC, and in the zone of its column."""
    for name in ("dated_mail", "dated_there"):
        _customer(out, name)
        _state(out, name, "granted")
    if number > 1:
        _state(out, "dated_mail", "granted", said_at=f"{DAYS[1]}T09:00:00Z", pref_no="p-dated_mail-again")
        for status, at in (("granted", f"{DAYS[1]} 09:00:00"), ("withdrawn", DAYS[1])):
            _state(out, "dated_there", status, said_at="", said_there=at, pref_no=f"p-dated_there-{status}-again")
    # a yes of a date alone, whose row comes again in other letters, and an older no that comes in meanwhile
    _customer(out, "dated_yes")
    _state(out, "dated_yes", "granted", said_at=f"{DAYS[0]}T00:00:00Z", channel="email" if number == 1 else " Email")
    if number > 1:
        at = {"customer_no": "", "email": "dated_yes@example.com"}
        _state(out, "dated_yes", "withdrawn", said_at="2026-03-01T10:00:00Z", **at)


def _numbered(out: Night, number: int) -> None:
    for n, (own, spelt) in enumerate(NUMBERS):
        _customer(out, own.removeprefix("c-"), f"numbered_{n}@example.com")
        out.customers[-1] = (own, *out.customers[-1][1:])
        _state(out, f"numbered_{n}", "granted", customer_no=own)
        if number > 1:
            said_at = f"{DAYS[1]}T09:00:00Z"
            _state(out, f"numbered_{n}", "withdrawn", said_at=said_at, customer_no=spelt)


def _called(out: Night, number: int) -> None:
    for n, text in enumerate(CALLED):
        _customer(out, f"called_{n}")
        _state(out, f"called_{n}", "granted")
        if number > 1:
            phone = (out.customers[-1][2] or "").removeprefix("+44")
            said = {"said_at": f"{DAYS[1]}T09:00:00Z", "phone": text.format(phone if n == 2 else f"0{phone}")}
            _state(out, f"called_{n}", "withdrawn", customer_no="", **said)


def _overwritten(out: Night, number: int) -> None:
    """Mails that have unsubscribed somebody on the second night, and say so on that night alone."""
    for name in ("overwritten", "row_gone", "torn_mail"):
        _customer(out, name)
        _state(out, name, "granted")
    event = "unsubscribed" if number == 2 else "opened"
    out.states.append(f"s-overwritten,overwritten@example.com,{event},{DAYS[number - 1]}T10:00:00Z")
    out.newest_only.append(
        (f"g-{number}", "row_gone@example.com" if number == 2 else "nobody@example.com", f"{DAYS[number - 1]} 10:00:00")
    )
    if number > 1:
        out.states.append("s-torn_mail,torn_mail@example.com,unsubscribed,2026-03-03T10:00:00Z,late, by post")


def _guests(out: Night, number: int) -> None:
    """Guests known by their phone and the inn's address, which joins nobody; the inn says no for all of them."""
    for n in range(4):
        guest = {"guest_no": f"inn-{n}", "email": "inn@example.com", "phone": f"+44750000000{n}"}
        out.guests.append(guest)
        _state(out, f"inn-{n}", "granted", customer_no="", phone=guest["phone"], channel="any")
    if number > 1:
        _state(out, "inn", "withdrawn", said_at="", customer_no="", email="inn@example.com", channel="any")


def _said_again(out: Night, number: int, day: str) -> None:
    """Rows that say no more than before, in other words or beside more; and noes that other rows of the reading could
    hide.
    """
    later = number == 3
    for name in ("relabelled", "new_phone", "vendor_word", "two_lines", "torn_line", "elsewhere"):
        _customer(out, name)
    for name in ("vendor_word", "torn_line", "elsewhere"):
        _state(out, name, "granted")
    status = "Granted" if later else "granted"
    out.news.append({"subscriber_no": "n-capital", "email": "capital@example.com", "status": status})
    _state(out, "relabelled", "granted", said_at="", channel="any" if later else "email")
    _state(out, "new_phone", "granted", said_at="", phone="+447400888888" if later else "")
    _state(out, "two_lines", "withdrawn", said_at="2026-03-01T10:00:00Z", pref_no="p-two_lines")
    _state(out, "two_lines", "granted", said_at="2025-01-01T10:00:00Z", pref_no="p-two_lines")
    out.torn.append(
        "p-torn_line-no,c-torn_line,torn_line@example.com,,email,marketing,withdrawn,2026-03-02T09:00:00Z,one cell more"
    )
    if number < 3:  # the shop puts two accounts of one human together
        _customer(out, "twin_one", changed="2026-02-01T10:00:00Z", phone="+447400877777")
    _customer(out, "twin_two", changed="2025-01-01T10:00:00Z", phone="+447400877777")
    for name in ("twin_one", "twin_two"):
        _state(out, name, "granted")
    if later:  # a new yes beside another address
        _state(
            out,
            "elsewhere",
            "granted",
            said_at=f"{day}T11:00:00Z",
            email="elsewhere_new@example.com",
            pref_no="p-elsewhere-new",
        )
