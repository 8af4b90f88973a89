"""Who lives in the town: humans in households, with what each of them may write down. Sets, no loops over people."""

from dataclasses import dataclass

import numpy as np

from bench.town import words


@dataclass(frozen=True)
class Humans:
    """(humans,) arrays; two places where a human had an earlier and has a present one."""

    household: np.ndarray
    first: np.ndarray  # place in words.FIRST
    last: tuple[np.ndarray, np.ndarray]  # before and after a marriage
    born: np.ndarray  # days since 1970
    email: tuple[np.ndarray, np.ndarray, np.ndarray]  # present, earlier, at work ('' where there is none)
    phone: tuple[np.ndarray, np.ndarray]
    desk_phone: np.ndarray  # of the company: a switchboard; ''
    address: tuple[np.ndarray, np.ndarray]  # places in the town's addresses, earlier and present
    company: np.ndarray
    card: np.ndarray  # '' where they have none
    spouse_phone: np.ndarray  # what a household shares
    family_email: np.ndarray


def humans(rng: np.random.Generator, size: int) -> Humans:
    household = np.sort(rng.integers(0, max(int(size / 2.3), 1), size))
    place = np.arange(size) - np.searchsorted(household, household)  # 0, 1: parents; then children
    of_household = rng.permutation(household.max() + 1)
    family = words.family_names(rng, household.max() + 1)
    born = np.where(place < 2, rng.integers(-16000, 4000, size), rng.integers(4000, 14500, size))
    first = words.first_names(rng, size)
    before = np.roll(np.arange(size), 1)
    is_second = (place > 0) & (household == household[before])
    twin = is_second & (place > 2) & (rng.random(size) < 0.05)
    born = np.where(twin, born[before], born)
    namesake = is_second & (rng.random(size) < 0.012)  # father and son
    first = np.where(namesake, first[before], first)
    last = np.where(is_second & (rng.random(size) < 0.12), words.family_names(rng, size), family[household])
    married = np.where(rng.random(size) < 0.04, words.family_names(rng, size), last)
    company = np.where(rng.random(size) < 0.35, rng.integers(0, max(size // 25, 2), size), -1)
    return Humans(
        household, first, (last, married), born, _emails(rng, first, last, born, company), _phones(rng, size),
        np.where(company >= 0, _numbers("+4420", company), ""), (rng.integers(0, size, size), of_household[household]),
        company, np.where(rng.random(size) < 0.5, _numbers("C", rng.permutation(size)), ""),
        np.where(rng.random(household.max() + 1) < 0.25, _numbers("+4419", of_household), "")[household],
        np.where(rng.random(household.max() + 1) < 0.15, _join(family, of_household, "@familie.net"), "")[household],
    )  # fmt: skip


def _emails(
    rng: np.random.Generator, first: np.ndarray, last: np.ndarray, born: np.ndarray, company: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As people choose them: a homonym of the same year has the same, and a number behind it."""
    size = len(first)
    plain = np.char.add(np.char.add(_ascii(words.FIRST)[first], np.where(rng.random(size) < 0.5, ".", "")), last)
    short = np.char.add(words.SHORT[first].astype("U12"), rng.integers(10, 99999, size).astype(str))
    year = (born // 365 + 1970).astype(str)
    present = np.char.add(np.where(rng.random(size) < 0.6, np.char.add(plain, year), _ascii(short)), "@")
    present = np.char.add(present, rng.choice(words.FREE, size))
    present = np.where(_repeated(present), np.char.add(_numbers("u", np.arange(size)), "@web.de"), present)
    earlier = np.char.add(np.char.add(_ascii(short), rng.integers(0, 999, size).astype(str)), "@aol.com")
    earlier = np.where((rng.random(size) < 0.3) & ~_repeated(earlier), earlier, present)
    # who comes after somebody of the same name gets their address at work: the left employee's
    work = np.char.add(np.char.add(_ascii(words.FIRST)[first], "@firm"), np.char.add(company.astype(str), ".com"))
    return present, earlier, np.where(company >= 0, work, "")


def _phones(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    number = rng.permutation(size)
    present = _numbers("+447", number)
    old = np.where(rng.random(size) < 0.2, _numbers("+4477", rng.permutation(size)), present)
    recycled = rng.random(size) < 0.05  # today somebody else's
    return present, np.where(recycled, _numbers("+447", rng.permutation(size)), old)


def _repeated(texts: np.ndarray) -> np.ndarray:
    _, first, inverse = np.unique(texts, return_index=True, return_inverse=True)
    return np.arange(len(texts)) != first[inverse]


def _numbers(prefix: str, number: np.ndarray) -> np.ndarray:
    return np.char.add(prefix, np.char.zfill(number.astype(str), 8))


def _join(texts: np.ndarray, number: np.ndarray, end: str) -> np.ndarray:
    return np.char.add(np.char.add(texts, number.astype(str)), end)


def _ascii(texts: np.ndarray) -> np.ndarray:
    return np.char.translate(texts, str.maketrans("éëøíöü", "eeoiou"))
