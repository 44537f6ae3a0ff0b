"""How much one visitor's address is given: buckets that fill again, a bounded number of them.

Kept in the process: several server processes behind one address give as much each.
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Final

MAX_ADDRESSES: Final = 20_000
IPV6_BITS: Final = 64
"""Of an IPv6 address; whoever has one address has all that begin alike."""

# Pages that show what is stored, or forms. All else counts as computed, so that what is added is limited until it is
# named here.
STORED: Final = (
    r"/?",
    r"/gallery",
    r"/networks(?:/new(?:/check|/help)?)?",
    r"/networks/[^/]+(?:/circuits|/algorithms|/criteria|/ladder|/rename|/delete|/plan)?",
    r"/networks/[^/]+/(?:circuits|algorithms)/[^/.]+",
    r"/schemas/network-file",
    r"/jobs(?:/[^/]+)?(?:/events)?",
    r"/studies(?:/new|/schema)?",
    r"/studies/[^/]+(?:/progress|/design)?",
    r"/alice-and-bob",
    r"/train",
    r"/s/[^/]+",
    r"/tour(?:/[^/]+)?",
    r"/(?:glossary|scope|patterns|health|metrics|login|openapi\.json|api)",
    r"/(?:static|health|admin)(?:/.*)?",
)
_STORED: Final = re.compile("|".join(STORED))


def is_computed(path: str) -> bool:
    """Whether an address (without prefix and ``/api/v1``) asks for something that is computed, drawn or gathered."""
    return _STORED.fullmatch(path) is None


class Buckets:
    """A bucket for each address: so many at once, then so many a minute.

    Args:
        per_minute: how many are given in a minute, and at most at once; 0: any number.
        clock: seconds that only grow.
        most: addresses that are remembered; beyond it the one is forgotten that asked longest ago.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic, most: int = MAX_ADDRESSES) -> None:
        self.per_minute = per_minute
        self._clock, self._most = clock, most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address → what is left, and when
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, host: str) -> int:
        """Take one; 0 if it was there, else whole seconds until there is one."""
        if not self.per_minute:
            return 0
        key, now = group_of(host), self._clock()
        with self._lock:
            left, then = self._left.pop(key, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - then) * self.per_minute / 60)
            taken = left >= 1
            self._left[key] = (left - 1 if taken else left, now)
            while len(self._left) > self._most:
                self._left.popitem(last=False)
        return 0 if taken else max(1, math.ceil((1 - left) * 60 / self.per_minute))


def group_of(host: str) -> str:
    """Who counts as one: an IPv4 address, or all IPv6 addresses that one subscriber has."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), IPV6_BITS), strict=False))
    return str(address)
