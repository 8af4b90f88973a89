"""Domains of e-mail that are no company's: mailboxes that anybody may have, and throw-away ones. One list for all."""

from functools import cache
from pathlib import Path

from pyarrow import csv


@cache
def mail_providers() -> tuple[str, ...]:
    """core/building/mail_providers.csv, in its order."""
    return tuple(csv.read_csv(Path(__file__).with_name("mail_providers.csv"))["domain"].to_pylist())
