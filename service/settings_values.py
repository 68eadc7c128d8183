"""What the value of a setting can be: folders, lists, tables, addresses and secrets in files."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from service.access.principal import Role
from service.storage.opening import SCHEMES


def _listed(value: object) -> object:
    """Names with commas between them, as environment variables hold a list."""
    return _split(value) if isinstance(value, str) else value


def _split(value: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in value.split(",")) if name)


def scheme(*known: str) -> AfterValidator:
    """An address has to begin with one of these; it may hold a password, so it is not repeated."""

    def check(url: SecretStr | None) -> SecretStr | None:
        if url is not None and url.get_secret_value().partition("://")[0] not in known:
            choices = " / ".join(f"{name}://" for name in known)
            raise ValueError(f"must begin with {choices}")
        return url

    return AfterValidator(check)


def content(file: Path) -> str:
    """What stands in a file that holds one secret. Raises `ValueError`."""
    try:
        return file.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _in_place(place: str) -> str:
    """A folder by its absolute path, or the address of a bucket as it is."""
    scheme, is_address, rest = place.partition("://")
    if not is_address:
        return str(_absolute(Path(place))) if place else place
    if scheme not in SCHEMES or not rest.strip("/"):
        choices = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f"must be a folder or a bucket's address with {choices}")
    return place


Folder = Annotated[Path, AfterValidator(_absolute)]
Place = Annotated[str, AfterValidator(_in_place)]
Seconds = Annotated[float, Field(gt=0, le=365 * 86_400)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]

Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(_listed),
]
"""Addresses and networks; in the environment separated by commas."""


def _pairs(value: object) -> object:
    """`group=role` with commas between them, as environment variables hold a table."""
    if not isinstance(value, str):
        return value
    return tuple(tuple(pair.rpartition("=")[::2]) for pair in _split(value))


Roles = Annotated[tuple[tuple[str, Role], ...], NoDecode, BeforeValidator(_pairs)]


def _shares(value: object) -> object:
    """`tenant=folder` with commas between them."""
    if not isinstance(value, str):
        return value
    return tuple(tuple(pair.partition("=")[::2]) for pair in _split(value))


def _shareable(folder: Path) -> Path:
    """A folder by its absolute path, and not everything there is."""
    if not folder.is_absolute() or folder == Path("/"):
        raise ValueError("a shared folder is named by its whole path, and is not /")
    return Path(os.path.normpath(folder))


Shares = Annotated[
    tuple[tuple[str, Annotated[Path, AfterValidator(_shareable)]], ...],
    NoDecode,
    BeforeValidator(_shares),
]
"""Tenants and folders that are shared with them."""


class Section(BaseModel):
    """Settings that belong together; what stands under one becomes its line of documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
