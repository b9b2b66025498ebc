"""Which hosts of the web are anybody's: what an address of a stranger's leads to must not be in our own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

Resolve = Callable[[str], Awaitable[Sequence[str]]]
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv6 that a gateway turns into any IPv4


async def resolved(host: str) -> Sequence[str]:
    """The addresses of a host. Raises OSError, UnicodeError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


async def public_address(host: str, resolve: Resolve = resolved) -> str | None:
    """An address of the host, where all that it has are public ones. Raises what `resolve` raises."""
    found = [ipaddress.ip_address(address.partition("%")[0]) for address in await resolve(host)]
    return str(found[0]) if found and all(map(_is_public, found)) else None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in _TRANSLATED
    ):
        return False
    return address.is_global and not address.is_multicast
