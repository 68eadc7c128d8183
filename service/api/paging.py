"""What lists that are paged by number take and say: how many, and before which."""

from typing import Annotated, Final

from fastapi import Query

GREATEST: Final = 2**31 - 1
"""Of numbers that the database gives out."""

Limit = Annotated[int, Query(ge=1, le=100)]
Before = Annotated[int | None, Query(ge=1, le=GREATEST, description="`next` of the page before")]
