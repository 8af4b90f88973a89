"""Who lives with whom: families and flats, with those whom a shop takes for one: twins, and a father and his son."""

from dataclasses import dataclass

import numpy as np

from sample_shop import chance

MEMBERS = 0.45  # humans of the shop for each household that it could have: two in three live with none of them
ALONE, COUPLE, CHILD, TWIN, NAMESAKE, SIBLING, FLATMATE = range(7)
SHARES = [0, 0.46, 0.26, 0.05, 0.04, 0.11, 0.08]  # of those who are not the first of their household
OLDEST, YOUNGEST = -13_000, 13_800  # born 1934 to 2007, in days since 1970
GENERATION = (8_000, 13_500)  # days between a parent's birth and a child's


@dataclass(frozen=True, slots=True)
class Households:
    """(people,) arrays."""

    number: np.ndarray
    count: int
    head: np.ndarray  # the household's first human, perhaps oneself
    tie: np.ndarray  # to the head: COUPLE, …; ALONE for the head
    relative: np.ndarray  # another one of the household, -1 for nobody

    def shared(self, own: np.ndarray, ties: tuple[int, ...]) -> np.ndarray:
        """(people,) own values, the head's for those whom one of `ties` binds to them."""
        return np.where(np.isin(self.tie, ties), own[self.head], own)


def draw(rng: np.random.Generator, people: int) -> Households:
    count = max(1, int(people / MEMBERS))
    number = rng.integers(0, count, people)
    order = np.argsort(number, kind="stable")
    first = np.searchsorted(number[order], np.arange(count))
    size = np.bincount(number, minlength=count)
    place = np.arange(people) - first[number[order]]
    head, relative = np.empty(people, np.int64), np.empty(people, np.int64)
    head[order] = order[first[number[order]]]
    following = order[first[number[order]] + (place + 1) % size[number[order]]]
    relative[order] = np.where(size[number[order]] > 1, following, -1)
    tie = chance.weighted(rng, SHARES, people)
    return Households(number, count, head, np.where(head == np.arange(people), ALONE, tie), relative)


def births(rng: np.random.Generator, homes: Households) -> np.ndarray:
    """(people,) days since 1970: a child a generation after its parent, twins on one day, couples of about one age."""
    people = len(homes.number)
    own = rng.integers(OLDEST, 12_800, people)
    is_parent = np.isin(homes.tie, (CHILD, NAMESAKE))
    own[homes.head[is_parent]] = rng.integers(OLDEST, 5000, int(is_parent.sum()))  # old enough for grown-up children
    of_head = own[homes.head]
    born = np.where(homes.tie == COUPLE, of_head + rng.normal(0, 1300, people).astype(np.int64), own)
    born = np.where(is_parent, of_head + rng.integers(*GENERATION, people), born)
    born = np.where(homes.tie == SIBLING, of_head + rng.choice([-1, 1], people) * rng.integers(400, 2600, people), born)
    born = np.where(homes.tie == TWIN, of_head, born)
    return np.where(homes.tie == TWIN, born, np.clip(born, OLDEST, YOUNGEST))
