"""What companies are called and how they are written to: domains, addresses of people and of roles, switchboards."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, spelling, words
from sample_shop.contacts import emails, names
from sample_shop.traces.text import join, numbers, pick, where

ROLE_SHARE = 0.09  # of the leads write from info@ or sales@
TAKEN_OVER, AFTER_DAYS = 0.35, 90  # of those whose colleague was there so long before: they got that one's address
NAMED_AFTER_OWNER = 0.3


def called(rng: np.random.Generator, count: int) -> tuple[pa.Array, pa.Array]:
    """Names, two companies may share one; and domains, which no two share."""
    first, second = (pa.array(text.split()) for text in (words.COMPANY_FIRST, words.COMPANY_SECOND))
    owner = np.asarray(chance.weighted(rng, 1 / (np.arange(len(names.FAMILIES.latin)) + 30), count))
    theirs = rng.random(count) < NAMED_AFTER_OWNER
    head = where(theirs, pick(names.FAMILIES.latin, owner), pick(first, rng.integers(0, len(first), count)))
    trade = rng.integers(0, len(second), count)
    ending = pick(pa.array(words.LEGAL_FORMS), rng.integers(0, len(words.LEGAL_FORMS), count))
    stem = join(_folded(head), "-", pick(pa.array([spelling.fold(w) for w in second.to_pylist()]), trade))
    rank = emails.repeats(stem.dictionary_encode().indices.to_numpy())
    domain = join(stem, where(rank > 0, join("-", numbers(rank + 1)), ""), ".example")
    return join(head, " ", pick(second, trade), ending), domain


def _folded(texts: pa.Array) -> pa.Array:
    encoded = texts.dictionary_encode()
    return pa.array([spelling.fold(text) for text in encoded.dictionary.to_pylist()]).take(encoded.indices)


def work_emails(first: np.ndarray, last: np.ndarray, company: np.ndarray, domain: pa.Array) -> pa.Array:
    """(n,) one's own address at work: each company has one way to make them."""
    name, family = pick(names.FIRST_FOLDED, first), pick(names.LAST_FOLDED, last)
    initial, way = pc.utf8_slice_codeunits(name, 0, 1), chance.one_of(4, company, 5)
    local = pc.choose(pa.array(way), join(name, ".", family), join(initial, ".", family), join(initial, family), name)
    return emails.given_out(local, domain)


def role_emails(company: np.ndarray, domain: pa.Array) -> pa.Array:
    return join(pick(pa.array(words.ROLES), chance.one_of(len(words.ROLES), company, 6)), "@", domain)


def predecessors(rng: np.random.Generator, company: np.ndarray, since: np.ndarray) -> np.ndarray:
    """(n,) the place of the colleague whose address they got, -1 for nobody. Each address passes on once.

    since   (n,) days, ascending
    """
    order = np.argsort(company, kind="stable")
    before = np.full(len(company), -1)
    same = company[order[1:]] == company[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    long_ago = (before >= 0) & (since - since[before] >= AFTER_DAYS)
    return np.where(long_ago & chance.happens(rng, TAKEN_OVER, len(company)), before, -1)
