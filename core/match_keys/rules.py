"""How each destination wants each identifier written: a frozen table. The forms it names: match_forms.py.

Sources, short as the table has them (addresses, and where the vendors contradict themselves:
docs/reference/match_keys.md): G Data Manager formatting guide · GL Google's own formatter · M Meta customer information
parameters · MA Meta custom audience keys · T TikTok customer file · L LinkedIn DMP segment users · P Pinterest OpenAPI
5.23 · X X custom audience user data · S Snap Conversions API parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType as Frozen
from typing import Literal

# Raise a destination's number whenever one of its rows below, or a form it names, changes: it is kept with each upload.
NORMALISER_VERSION: Mapping[str, int] = Frozen(
    {"google": 1, "meta": 1, "tiktok": 1, "linkedin": 1, "pinterest": 1, "x": 1, "snap": 1}
)


@dataclass(frozen=True)
class Rule:
    """form: a key of match_forms.FORMS. encoding: hex is SHA-256 in lower-case hexadecimal, Google's base64 is never
    used; plain is not hashed.
    """

    form: str
    encoding: Literal["hex", "plain"]


RULES: Mapping[str, Mapping[str, Rule]] = Frozen({
    "google": Frozen({
        # G: lower, no white space at all; gmail.com, googlemail.com: no dots, no +…
        "email": Rule("address_gmail", "hex"),
        "phone": Rule("e164", "hex"),              # G: (800)555-0100 -> +18005550100
        "given_name": Rule("untitled", "hex"),     # G: lower, trim, no "Mrs."; GL keeps punctuation and inner spaces
        "family_name": Rule("unsuffixed", "hex"),  # G: lower, trim, no "Jr."; GL lists the suffixes, keeps "quinn-alex"
        "country": Rule("iso_upper", "plain"),     # G: Google's regionCode is the country; GL upper-case; not hashed
        "postal_code": Rule("postal_written", "plain"),  # G: not hashed; US 5 or 5+4 digits
        # G: addressLine, Google Analytics only: lower, no symbols, trim, hashed
        "street": Rule("words", "hex"),
        "city": Rule("words", "plain"),            # G: Google Analytics only: lower, no symbols, trim
        "region": Rule("words", "plain"),          # G: administrativeArea, Google Analytics only
        "device_id": Rule("uuid", "plain"),        # G: mobileIds, "Don't hash mobile IDs"
        "external_id": Rule("opaque", "plain"),    # Data Manager v1 discovery document: UserIdData.userId
    }),
    "meta": Frozen({
        "email": Rule("address", "hex"),           # M: trim, lower; dots and + kept
        "phone": Rule("digits", "hex"),            # M: digits with country code, no leading zeros
        # M: lower, no punctuation, UTF-8 kept; Meta's own builder drops spaces too
        "given_name": Rule("letters", "hex"),
        "family_name": Rule("letters", "hex"),     # M: as the first name
        "city": Rule("letters", "hex"),            # M: lower, no punctuation, no spaces
        "region": Rule("state", "hex"),            # M: US two-letter code; elsewhere lower, no punctuation, no spaces
        "postal_code": Rule("postal_tight", "hex"),  # M: lower, no spaces, no dash; US first five digits
        "country": Rule("iso_lower", "hex"),       # M: ISO 3166-1 alpha-2, lower
        "birth_date": Rule("yyyymmdd", "hex"),     # M: YYYYMMDD, 1900 to the current year
        "gender": Rule("m_f", "hex"),              # M: f or m
        "device_id": Rule("uuid", "plain"),        # MA: MADID lower-case, hyphens kept, not hashed
        "external_id": Rule("opaque", "plain"),    # MA: EXTERN_ID not hashed
    }),
    "tiktok": Frozen({
        "email": Rule("address_tight", "hex"),     # T (September 2025): remove spaces, lower
        "phone": Rule("e164", "hex"),              # T: "+", country code, number
        "device_id": Rule("uuid", "hex"),          # T: one case throughout, trimmed; the published vector is lower-case
    }),
    "linkedin": Frozen({                           # there is no id type for a telephone number
        "email": Rule("address", "hex"),           # L: SHA256_EMAIL of the lower-case address
        "device_id": Rule("uuid", "plain"),        # L: GOOGLE_AID, lower
        "given_name": Rule("written", "plain"),    # L: firstName in plain text, 35 characters at most
        "family_name": Rule("written", "plain"),   # L: lastName, the same
        "country": Rule("iso_upper", "plain"),     # L: two-letter code, e.g. US
    }),
    "pinterest": Frozen({
        "email": Rule("address", "hex"),           # P em: lower
        "phone": Rule("digits", "hex"),            # P ph: digits with country code, no symbols, no leading zeros
        "given_name": Rule("lower", "hex"),        # P fn: lower
        "family_name": Rule("lower", "hex"),       # P ln: lower
        "city": Rule("letters", "hex"),            # P ct: lower, no spaces or punctuation
        "region": Rule("state", "hex"),            # P st: two-letter code, lower
        "postal_code": Rule("postal_digits", "hex"),  # P zp: only digits
        "country": Rule("iso_lower", "hex"),       # P country: two characters, lower
        "birth_date": Rule("yyyymmdd", "hex"),     # P db: year, month and day
        "gender": Rule("m_f_n", "hex"),            # P ge: f, m, or n for non-binary
        "device_id": Rule("uuid", "hex"),          # P hashed_maids
        "external_id": Rule("opaque", "hex"),      # P external_id: hashed
    }),
    "x": Frozen({
        "email": Rule("address", "hex"),           # X: lower, trim
        "phone": Rule("e164", "hex"),              # X: E.164; the published hash keeps the "+"
        "device_id": Rule("uuid", "hex"),          # X: lower-case with dashes, hashed
        "external_id": Rule("opaque", "plain"),    # X: partner_user_id is the one field not hashed
    }),
    "snap": Frozen({
        "email": Rule("address", "hex"),           # S em: trim, lower
        "phone": Rule("digits", "hex"),            # S ph: country code, digits only: +44 844 412 4653 -> 448444124653
        "given_name": Rule("letters", "hex"),      # S fn: lower, no punctuation, UTF-8
        "family_name": Rule("letters", "hex"),     # S ln: the same
        "device_id": Rule("uuid", "hex"),          # S: lower, hyphens kept
    }),
})  # fmt: skip

# What is enough to match a person by: any one of these sets. A name, a country or a gender alone is nobody.
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = Frozen(
    {
        "google": (
            ("email",),
            ("phone",),
            ("given_name", "family_name", "country", "postal_code"),
            ("device_id",),
            ("external_id",),
        ),
        "meta": (
            ("email",),
            ("phone",),
            ("device_id",),
            ("external_id",),
            ("given_name", "family_name", "city"),
            ("given_name", "family_name", "postal_code"),
            ("given_name", "family_name", "birth_date"),
        ),
        "tiktok": (("email",), ("phone",), ("device_id",)),
        "linkedin": (("email",), ("device_id",), ("given_name", "family_name")),  # L: both names where there is no id
        "pinterest": (("email",), ("device_id",)),  # P ConversionEventsUserData: em or hashed_maids; a phone only helps
        "x": (("email",), ("phone",), ("device_id",), ("external_id",)),
        "snap": (("email",), ("phone",), ("device_id",)),
    }
)

# Left out as a whole unless all of the first four are usable (AddressInfo reference: all Required); the others go with
# them.
ADDRESS: Mapping[str, tuple[str, ...]] = Frozen(
    {"google": ("given_name", "family_name", "country", "postal_code", "street", "city", "region")}
)
