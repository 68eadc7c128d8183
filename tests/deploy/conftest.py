"""The servers of the tests of the service, for those of an operator's files."""

from tests.service.conftest import the_postgresql

__all__ = ["the_postgresql"]
