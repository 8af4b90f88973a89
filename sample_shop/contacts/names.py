"""Given and family names of many languages, in their own script and in Latin letters, the frequent ones first."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from sample_shop import chance, spelling

# country: language of the names there: share of the households
MIX = {
    "GB": {"en": 0.79, "in": 0.045, "ar": 0.04, "ie": 0.03, "pl": 0.025, "ng": 0.025, "it": 0.01, "pt": 0.01,
           "tr": 0.01, "uk": 0.005, "zh": 0.005, "el": 0.005},
    "IE": {"ie": 0.75, "en": 0.15, "pl": 0.06, "pt": 0.02, "ng": 0.02},
    "FR": {"fr": 0.8, "ar": 0.1, "pt": 0.05, "it": 0.03, "es": 0.02},
    "DE": {"de": 0.78, "tr": 0.1, "pl": 0.05, "uk": 0.04, "it": 0.03},
    "ES": {"es": 0.95, "ar": 0.05}, "IT": {"it": 0.97, "uk": 0.03}, "PL": {"pl": 0.9, "uk": 0.1},
    "NL": {"nl": 0.85, "tr": 0.08, "ar": 0.07}, "SE": {"sv": 0.9, "ar": 0.1}, "GR": {"el": 1.0},
    "US": {"en": 0.72, "es": 0.14, "ie": 0.04, "zh": 0.04, "in": 0.03, "it": 0.03},
}  # fmt: skip
ZIPF_GIVEN, ZIPF_FAMILY = 12, 18  # a name of rank r is borne by 1 / (r + this): Smith by about one Briton in eighty


class Vocabulary:
    """The names of one kind: places in `name` and `latin`; `draw` by language."""

    def __init__(self, kind: str, zipf: int) -> None:
        rows = NAMES.filter(pc.equal(NAMES["kind"], kind))
        self.name: pa.Array = rows["name"].combine_chunks()
        self.latin: pa.Array = rows["latin"].combine_chunks()
        self.zipf = zipf
        language = rows["language"].to_numpy()
        self.places = {tongue: np.flatnonzero(language == tongue) for tongue in LANGUAGES}

    def draw(self, rng: np.random.Generator, language: np.ndarray) -> np.ndarray:
        """(n,) places in LANGUAGES -> (n,) places of names."""
        drawn = np.zeros(len(language), np.int64)
        for code, tongue in enumerate(LANGUAGES):
            who, places = np.flatnonzero(language == code), self.places[tongue]
            drawn[who] = places[chance.weighted(rng, 1 / (np.arange(len(places)) + self.zipf), len(who))]
        return drawn


NAMES = csv.read_csv(Path(__file__).with_name("names.csv"))
LANGUAGES = list(dict.fromkeys(NAMES["language"].to_pylist()))
WOMEN, MEN, FAMILIES = Vocabulary("f", ZIPF_GIVEN), Vocabulary("m", ZIPF_GIVEN), Vocabulary("l", ZIPF_FAMILY)
FIRST, FIRST_LATIN = pa.concat_arrays([WOMEN.name, MEN.name]), pa.concat_arrays([WOMEN.latin, MEN.latin])
FIRST_FORMS = spelling.name_forms(FIRST.to_pylist(), FIRST_LATIN.to_pylist())
LAST_FORMS = spelling.name_forms(FAMILIES.name.to_pylist(), FAMILIES.latin.to_pylist())
FIRST_FOLDED, LAST_FOLDED = (
    pa.array([spelling.fold(name) for name in latin.to_pylist()]) for latin in (FIRST_LATIN, FAMILIES.latin)
)
SHORT = pa.array([spelling.fold(FIRST_FORMS[place * spelling.FORMS + 2].as_py()) for place in range(len(FIRST))])


def languages(rng: np.random.Generator, country: np.ndarray) -> np.ndarray:
    """(n,) places in the countries of MIX -> (n,) places in LANGUAGES."""
    language = np.zeros(len(country), np.int64)
    for code, mix in enumerate(MIX.values()):
        who = np.flatnonzero(country == code)
        spoken = np.array([LANGUAGES.index(tongue) for tongue in mix])
        language[who] = spoken[chance.weighted(rng, list(mix.values()), len(who))]
    return language


def given(rng: np.random.Generator, language: np.ndarray, female: np.ndarray) -> np.ndarray:
    """(n,) places in FIRST."""
    return np.where(female, WOMEN.draw(rng, language), len(WOMEN.name) + MEN.draw(rng, language))
