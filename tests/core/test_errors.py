"""Errors carry a code, and their words show it once."""

import pytest

from core import errors
from core.errors import ConfigError, FairleadError, FatalError, RecordError, RetryableError, StoppedError


@pytest.mark.parametrize("kind", [FairleadError, ConfigError, RetryableError, StoppedError, FatalError, RecordError])
def test_every_kind_of_error_takes_a_code_and_shows_it_once(kind):
    assert (kind("no key", code="FL406").code, str(kind("no key", code="FL406"))) == ("FL406", "FL406 no key")
    assert str(kind("FL406 no key", code="FL406")) == "FL406 no key"
    assert (kind("no key").code, str(kind("no key"))) == ("", "no key")


def test_each_of_several_mistakes_has_the_number():
    error = ConfigError("no subject", "FL414 no text", code="FL414")
    assert error.mistakes == ["FL414 no subject", "FL414 no text"]
    assert str(error) == "FL414 no subject\nFL414 no text"


def test_mistakes_that_are_raised_again_keep_their_numbers():
    assert str(ConfigError(*ConfigError("no text", code="FL414").mistakes)) == "FL414 no text"
    assert errors.numbered("FL4140 is another number", "FL414") == "FL414 FL4140 is another number"
