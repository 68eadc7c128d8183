"""What every table is made from: closed values as text, moments in UTC."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum
from sqlalchemy.orm import DeclarativeBase

from detectors.base import Kind
from service.analysis.progress import Stage
from service.db.lifecycle import Judgement, Priority, State
from service.db.types import UtcDateTime
from service.reporting.decision import PolicyAction
from service.reporting.report import Profile, Verdict


def closed(values: type[StrEnum]) -> Enum:
    """Members by value in plain text, so that a new member needs no migration."""
    return Enum(
        values,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=False,
        length=32,
    )


class Base(DeclarativeBase):
    type_annotation_map: dict[Any, Any] = {  # noqa: RUF012 (SQLAlchemy reads it so)
        datetime: UtcDateTime(),
        State: closed(State),
        Priority: closed(Priority),
        Kind: closed(Kind),
        Profile: closed(Profile),
        Stage: closed(Stage),
        Verdict: closed(Verdict),
        PolicyAction: closed(PolicyAction),
        Judgement: closed(Judgement),
    }
