"""All that records say of people, cleaned: one table of values, one of findings."""

from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from core.countries import zone_of_country
from people.cleansing.addresses import city_answer, code_answer, taken_apart, text_answer
from people.cleansing.dates import birth_date_answers
from people.cleansing.emails import email_answers
from people.cleansing.languages import country_answer, language_answer, time_zone_answer
from people.cleansing.name_words import AFTER, COMPANY_WORDS, NAME_COUNTRIES, PERHAPS_PLACEHOLDERS, PLACEHOLDERS, TITLES
from people.cleansing.names import clean_name
from people.cleansing.phones import phone_answers, phone_zones
from people.cleansing.spec import CleansingSpec
from people.cleansing.tables import CLEANED, FINDINGS
from people.cleansing.values import TEXT, Answer, Answers, answered, encoded, texts

Columns = dict[str, pa.Array]
STATED = ("first_name", "last_name", "company", "email", "phone", "street", "city", "postal_code", "region", "country",
          "language", "time_zone")  # fmt: skip
# how sure a time zone is: stated; of a country with one; of a number's first digits, which move with their holder
CONFIDENCE = {"stated": 1.0, "address": 0.95, "phone": 0.6}
PLAIN_NAME = r"^\p{Lu}\p{Ll}{2,39}$"
ONE_LETTER = "^(?:" + "|".join(f"{chr(65 + n)}{chr(97 + n)}+" for n in range(26)) + ")$"  # Xxx
SPECIAL = TITLES | AFTER | PLACEHOLDERS | PERHAPS_PLACEHOLDERS | COMPANY_WORDS
SUGGESTING = frozenset({"domain_typo"})
# flags of values that stay as they are
LEFT = SUGGESTING | {
    "maybe_placeholder",
    "maybe_company",
    "frequent",
    "other_country",
    "invalid",
    "day_month",
    "role",
    "disposable",
}
PARTS_OF = {"name": ("first_name", "last_name", "company"), "address": ("street", "city", "postal_code", "region"),
            "country": ("country",), "birth_date": ("birth_date",), "language": ("language",),
            "time_zone": ("time_zone",)}  # fmt: skip


@dataclass
class Work:
    """Records on their way: what was stated, what it is now, and what was found."""

    ids: pa.Array
    stated: Columns
    spec: CleansingSpec
    now: Columns = field(default_factory=dict)
    findings: list[pa.Table] = field(default_factory=list)

    def answer(self, column: str, answers: Answers, keep: bool = False) -> None:
        """Take the answers to a column; `keep` where flags alone are wanted."""
        is_left = keep or any(column in PARTS_OF[part] for part in self.spec.leave)
        self.now[column] = self.now.get(column, self.stated[column]) if is_left else answers.values
        for flag, mask in answers.flags.items():
            self.find(column, flag, mask, answers.suggestions if flag in SUGGESTING else None)

    def find(self, column: str, flag: str, mask: pa.Array, suggestions: pa.Array | None = None) -> None:
        mask = pc.fill_null(mask, False)
        if not pc.any(mask).as_py():
            return
        stated, cleaned = self.stated[column].filter(mask).cast(TEXT), self.now[column].filter(mask).cast(TEXT)
        suggested = suggestions.filter(mask) if suggestions is not None else pa.nulls(len(stated), TEXT)
        is_same = pc.fill_null(pc.equal(stated, cleaned), False)
        changed = pc.if_else(pc.is_null(cleaned), "emptied", pc.if_else(pc.is_null(stated), "filled", "changed"))
        effect = pc.if_else(is_same, "doubted", changed)
        effect = _same("suggested" if flag in SUGGESTING else "doubted", len(stated)) if flag in LEFT else effect
        count = len(stated)
        rows = [self.ids.filter(mask), _same(column, count), _same(flag, count), effect, stated, cleaned, suggested]
        self.findings.append(pa.table([row.cast(TEXT) for row in rows], schema=FINDINGS))


def _same(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, TEXT), count)


def clean_records(records: pa.Table, spec: CleansingSpec, today: date) -> tuple[pa.Table, pa.Table]:
    """record_id, stated_key, source, STATED and birth_date -> CLEANED and FINDINGS, one row a record and a finding.

    E-mail addresses and numbers are identifiers: they are told of, and stay as they are.
    """
    dates, of_dates = clean_dates(records, spec, today)
    cleaned, findings = clean_others(records, dates, spec)
    return cleaned, pa.concat_tables([findings, of_dates]).combine_chunks()


def clean_dates(records: pa.Table, spec: CleansingSpec, today: date) -> tuple[pa.Array, pa.Table]:
    """record_id, source and birth_date of all records -> each one's date, and FINDINGS: what a date is worth hangs on
    the others of its source.
    """
    stated = records["birth_date"].cast(pa.date32()).combine_chunks()
    work = Work(texts(records["record_id"]), {"birth_date": stated}, spec)
    work.answer("birth_date", birth_date_answers(stated, texts(records["source"]), today, spec))
    return work.now["birth_date"].cast(pa.date32()), pa.concat_tables([FINDINGS.empty_table(), *work.findings])


def clean_others(records: pa.Table, dates: pa.Array, spec: CleansingSpec) -> tuple[pa.Table, pa.Table]:
    """The rest of each record, which hangs on nothing but itself, beside its date.

    dates   of these records, as clean_dates gives them
    """
    columns = {name: texts(records[name]) for name in STATED}
    work = Work(texts(records["record_id"]), columns, spec)
    _places(work)
    _names(work)
    work.answer("email", _own_emails(email_answers(columns["email"]), work), keep=True)
    work.answer("phone", phone_answers(columns["phone"], work.now["country"]), keep=True)
    work.answer("language", answered(language_answer, columns["language"]))
    zone_source, confidence = _time_zones(work)
    work.now |= {"record_id": work.ids, "stated_key": texts(records["stated_key"]), "birth_date": dates,
                 "time_zone_source": zone_source, "time_zone_confidence": confidence}  # fmt: skip
    cleaned = pa.table([work.now[name].cast(CLEANED.field(name).type) for name in CLEANED.names], schema=CLEANED)
    return cleaned, pa.concat_tables([FINDINGS.empty_table(), *work.findings]).combine_chunks()


def _places(work: Work) -> None:
    stated = work.stated
    work.answer("country", answered(country_answer, stated["country"]))
    country = work.now["country"]
    lone = pc.and_(
        pc.is_valid(stated["street"]), pc.and_(pc.is_null(stated["city"]), pc.is_null(stated["postal_code"]))
    )
    line = pc.if_else(lone, stated["street"], None)
    combinations, places = encoded(line, pc.if_else(lone, country, None))
    parts = [taken_apart(street, land) if street else None for street, land in combinations]
    is_apart = pa.array([part is not None for part in parts], pa.bool_()).take(places)
    names = ("street", "city", "postal_code", "region", "country")
    now = {}
    for name in names:
        values = pa.array([getattr(part, name, None) for part in parts], TEXT).take(places)
        before = country if name == "country" else stated[name]
        now[name] = pc.if_else(pc.and_(is_apart, pc.is_valid(values)), values, before)
    _parts_of_places(work, now)
    for name in names if not {"address", "country"} & set(work.spec.leave) else ():
        work.find(
            name, "taken_apart", pc.and_(is_apart, _differs(now[name], country if name == "country" else stated[name]))
        )


def _parts_of_places(work: Work, now: Columns) -> None:
    if "country" not in work.spec.leave:
        work.now["country"] = now["country"]
    work.answer("city", answered(city_answer, now["city"], now["country"]))
    work.answer("postal_code", answered(code_answer, now["postal_code"], now["country"]))
    work.answer("region", answered(text_answer, now["region"]))
    work.answer("street", _rare(now["street"], pc.less(pc.utf8_length(now["street"]), 40), text_answer))


def _rare(values: pa.Array, is_asked: pa.Array, cleaner: "type[Answer] | object") -> Answers:
    """Of a column with as many values as records: only those are asked that may be something else."""
    letters = pc.match_substring_regex(values, r"\d.*\p{L}|\p{L}.*\d")  # a number and letters: a street
    asked = pc.and_not(pc.fill_null(is_asked, False), pc.fill_null(letters, False))
    answers = answered(cleaner, pc.if_else(asked, values, None))  # type: ignore[arg-type]
    return Answers(pc.if_else(asked, answers.values, values), answers.flags, answers.suggestions)


def _differs(one: pa.Array, other: pa.Array) -> pa.Array:
    return pc.or_(pc.fill_null(pc.not_equal(one, other), False), pc.xor(pc.is_null(one), pc.is_null(other)))


def _names(work: Work) -> None:
    first, last, country = work.stated["first_name"], work.stated["last_name"], work.now["country"]
    own = frozenset(work.spec.placeholder_names)
    asked = pc.invert(pc.and_(_is_plain(first, own), _is_plain(last, own)))
    settles = pc.and_(asked, pc.is_in(country, value_set=pa.array(sorted(NAME_COUNTRIES), TEXT)))
    parts = [pc.if_else(asked, first, None), pc.if_else(asked, last, None), pc.if_else(settles, country, None)]
    combinations, places = encoded(*parts)
    names = [clean_name(given, family, land or "", own) for given, family, land in combinations]
    nothing = pa.nulls(len(first), TEXT)
    for column, part in (("first_name", "first"), ("last_name", "last")):
        flags = sorted({flag for name in names for where, flag in name.flags if where == column})
        masks = {flag: _of_each([(column, flag) in name.flags for name in names], places) for flag in flags}
        values = pa.array([getattr(name, part) for name in names], TEXT).take(places)
        work.answer(column, Answers(pc.if_else(asked, values, work.stated[column]), masks, nothing))
    named = pa.array([name.company for name in names], TEXT).take(places)
    company = answered(text_answer, work.stated["company"])
    is_filled = pc.and_(pc.is_null(company.values), pc.is_valid(named))
    values = pc.coalesce(company.values, named)
    work.answer("company", Answers(values, company.flags | {"from_name": is_filled}, nothing))


def _of_each(values: list[bool], places: pa.Array) -> pa.Array:
    return pa.array(values, pa.bool_()).take(places)


def _is_plain(names: pa.Array, own: frozenset[str]) -> pa.Array:
    """One word with a capital that is nothing else, as most are; or nothing."""
    is_word = pc.and_not(pc.match_substring_regex(names, PLAIN_NAME), pc.match_substring_regex(names, ONE_LETTER))
    is_special = pc.is_in(pc.utf8_lower(names), value_set=pa.array(sorted(SPECIAL | own), TEXT))
    return pc.fill_null(pc.and_not(is_word, is_special), True)


def _own_emails(answers: Answers, work: Work) -> Answers:
    """With the company's own words, too."""
    emails, flags = work.stated["email"], dict(answers.flags)
    own = pc.is_in(emails, value_set=pa.array(work.spec.placeholder_emails, TEXT))
    flags["placeholder"] = pc.or_(flags["placeholder"], own)
    if work.spec.role_addresses:
        local = pc.replace_substring_regex(emails, r"(?:\+.*)?@.*$", "")
        roles = pc.is_in(local, value_set=pa.array(work.spec.role_addresses, TEXT))
        flags["role"] = pc.or_(flags["role"], pc.fill_null(roles, False))
    return Answers(answers.values, flags, pc.if_else(flags["domain_typo"], answers.suggestions, None))


def _time_zones(work: Work) -> tuple[pa.Array, pa.Array]:
    """Stated; else of a country with one; else of the number. Whence it is, and how sure."""
    work.answer("time_zone", answered(time_zone_answer, work.stated["time_zone"]))
    stated = work.now["time_zone"]
    by_country = answered(lambda code: Answer(zone_of_country(code) if code else None), work.now["country"]).values
    asked = pc.and_(pc.is_null(stated), pc.is_null(by_country))
    by_phone = phone_zones(pc.if_else(asked, work.stated["phone"], None))
    work.now["time_zone"] = pc.coalesce(stated, by_country, by_phone)
    none = pa.scalar(None, TEXT)
    source = pc.if_else(
        pc.is_valid(stated), "stated",
        pc.if_else(pc.is_valid(by_country), "address", pc.if_else(pc.is_valid(by_phone), "phone", none)),
    )  # fmt: skip
    names, sure = pa.array(list(CONFIDENCE), TEXT), pa.array(list(CONFIDENCE.values()), pa.float64())
    return source, sure.take(pc.index_in(source, value_set=names))
