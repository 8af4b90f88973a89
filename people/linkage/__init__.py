"""Probabilistic linkage: pairs of records that are probably one human, though they share no identifier."""

from people.linkage.links import LINKS, count_pairs, find_links, find_links_of
from people.linkage.model import Model, newest
from people.linkage.nights import update_links
from people.linkage.spec import LinkageSpec, load_identity
from people.linkage.train import train
from people.linkage.why import compare, lines

__all__ = [
    "LINKS", "LinkageSpec", "Model", "compare", "count_pairs", "find_links", "find_links_of", "lines", "load_identity",
    "newest", "train", "update_links",
]  # fmt: skip
