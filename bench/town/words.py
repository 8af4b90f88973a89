"""What people, streets and companies of the town are called, as arrays; frequencies as in life: few names are borne by
many.
"""

import numpy as np

# name: what its bearers are also called
NICKNAMES = {
    "william": "bill", "robert": "bob", "richard": "dick", "elizabeth": "liz", "margaret": "peggy", "katherine": "kate",
    "alexander": "alex", "michael": "mike", "thomas": "tom", "james": "jim", "joseph": "joe", "edward": "ted",
    "charles": "charlie", "christopher": "chris", "daniel": "dan", "anthony": "tony", "susan": "sue",
    "patricia": "pat", "jennifer": "jen", "deborah": "debbie", "rebecca": "becky", "samantha": "sam",
    "victoria": "vicky", "andrew": "andy", "benjamin": "ben", "matthew": "matt", "nicholas": "nick", "peter": "pete",
    "stephen": "steve", "timothy": "tim", "gregory": "greg", "frederick": "fred", "johannes": "hans",
    "friedrich": "fritz", "giuseppe": "beppe", "francisco": "paco", "dolores": "lola", "aleksandra": "sasha",
}  # fmt: skip
FIRST = np.array([
    *NICKNAMES,
    "john", "mary", "anna", "paul", "laura", "george", "emma", "jack", "olivia", "harry", "grace", "oscar", "sophie",
    "leon", "clara", "felix", "nina", "jonas", "lena", "luis", "carmen", "marco", "giulia", "pierre", "camille",
    "jan", "eva", "piotr", "agnieszka", "ivan", "olga", "ali", "fatima", "omar", "layla", "wei", "mei", "hiroshi",
    "yuki", "raj", "priya", "josé", "zoë", "søren", "ingrid", "lars", "astrid", "kofi", "ama", "diego", "lucía",
    "mateo", "inés", "hugo", "chloé", "noah", "mia", "liam", "ava", "ethan", "ruby", "logan", "ella", "mason", "lily",
])  # fmt: skip
SHORT = np.array([NICKNAMES.get(name, name) for name in FIRST])
ONSETS = np.array([
    "b", "br", "c", "ch", "d", "dr", "f", "fr", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "p", "pr", "r", "s",
    "sch", "st", "t", "tr", "v", "w", "z",
])  # fmt: skip
VOWELS = np.array([
    "a", "e", "i", "o", "u", "ae", "ei", "ou",
])  # fmt: skip
CODAS = np.array([
    "ck", "l", "ll", "lt", "m", "mp", "n", "nd", "ng", "r", "rd", "rt", "s", "ss", "st", "t", "tt", "x",
])  # fmt: skip
ENDS = np.array([
    "son", "er", "mann", "ley", "ton", "field", "sen", "ski", "ez", "ini", "ova", "well", "berg", "ham", "",
])  # fmt: skip
FREE = np.array([
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "web.de", "icloud.com",
])  # fmt: skip
PLACEHOLDER_EMAILS = np.array(["test@test.com", "noemail@example.com", "a@a.com", "info@example.com"])
PLACEHOLDER_PHONES = np.array(["+440000000000", "+441111111111", "+441234567890"])
PLACEHOLDER_DATES = np.array(["1900-01-01", "1970-01-01", "2000-01-01"], "datetime64[D]").astype(np.int64)
CITIES = 240


def first_names(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size,) places in FIRST: the thirtieth is borne by a tenth as many as the first."""
    weight = 1 / (np.arange(len(FIRST)) + 4)
    order = np.random.default_rng(5).permutation(len(FIRST))
    return order[rng.choice(len(FIRST), size, p=weight / weight.sum())]


def family_names(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size,) names of some thousands, a few of which are everywhere."""
    pool = made_up(np.random.default_rng(11), 9000)
    weight = 1 / (np.arange(len(pool)) + 20)
    return pool[rng.choice(len(pool), size, p=weight / weight.sum())]


def made_up(rng: np.random.Generator, size: int) -> np.ndarray:
    """(≤ size,) words that sound like names, each once."""
    syllable = np.char.add(np.char.add(rng.choice(ONSETS, size), rng.choice(VOWELS, size)), rng.choice(CODAS, size))
    second = np.where(rng.random(size) < 0.4, np.char.add(rng.choice(VOWELS, size), rng.choice(CODAS, size)), "")
    words = np.char.add(np.char.add(syllable, second), rng.choice(ENDS, size))
    return words[np.sort(np.unique(words, return_index=True)[1])]


def misspelt(rng: np.random.Generator, texts: np.ndarray, share: float) -> np.ndarray:
    """Texts of which a share has one letter wrong, lost, twice or changed with its neighbour."""
    which = np.flatnonzero((rng.random(len(texts)) < share) & (np.char.str_len(texts) > 2))
    if not len(which):
        return texts
    wide = texts[which].astype(f"U{texts.dtype.itemsize // 4 + 1}")
    letters = wide.view(np.uint32).reshape(len(which), -1).copy()
    at = rng.integers(1, np.char.str_len(wide))
    kind, rows, columns = rng.integers(0, 4, len(which)), np.arange(len(which)), np.arange(letters.shape[1])
    wrong = letters.copy()
    wrong[rows, at] = rng.integers(97, 123, len(which))
    swapped = letters.copy()
    swapped[rows, at], swapped[rows, at - 1] = letters[rows, at - 1], letters[rows, at]
    shift = np.minimum(columns + (columns >= at[:, None]), len(columns) - 1)
    lost = np.take_along_axis(letters, shift, 1)
    twice = np.take_along_axis(letters, columns - (columns > at[:, None]), 1)
    letters = np.select([kind[:, None] == k for k in range(4)], [wrong, swapped, lost, twice])
    result = texts.astype(wide.dtype)
    result[which] = np.ascontiguousarray(letters.astype(np.uint32)).view(wide.dtype)[:, 0]
    return result
