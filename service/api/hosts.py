"""The names a service answers to: a page of another site must not reach it by a name of its own.

A browser lets any site resolve its name to any address, 127.0.0.1 too, and then counts what answers
there as part of that site. What gives it away is the name in the Host header.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

ANY: Final = "*"
_LOCAL: Final = "localhost"


class Hosts:
    """Names as `desk.example.org`, `*.example.org` or `*`, and addresses, besides those of loopback.

    The address that stands for all, 0.0.0.0 or ::, allows every address: no site has one as name.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        names = {name.strip("[]").lower().rstrip(".") for name in allowed}
        self._addresses = {address for address in map(_address, names) if address is not None}
        self._any_address = any(address.is_unspecified for address in self._addresses)
        self._names = {name for name in names if _address(name) is None}

    def allow(self, untrusted_host: str) -> bool:
        """Whether a Host header, with or without a port, names this service."""
        name = _without_port(untrusted_host).lower().rstrip(".")
        if not name:
            return False
        address = _address(name)
        if address is not None:
            return address.is_loopback or self._any_address or address in self._addresses
        if name == _LOCAL or name.endswith(f".{_LOCAL}") or ANY in self._names:
            return True
        above = (f"*.{name.split('.', place)[place]}" for place in range(1, name.count(".") + 1))
        return name in self._names or not self._names.isdisjoint(above)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
