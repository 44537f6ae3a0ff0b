"""The user whose program connects from this machine, asked of the kernel (Linux).

A proxy looks like any other program of the machine: it connects from a loopback address. It cannot hide its user, and
that is seldom ours: web servers run as users of their own. Programs of other people on a shared machine are recognised
in the same way. The kernel is asked about one connection (sock_diag(7)); its whole table in /proc would take longer to
read than most pages take to make.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

ROOT_USER: Final = 0
WAIT_SECONDS: Final = 0.5
_SOCK_DIAG: Final = 4  # the netlink protocol
_BY_FAMILY: Final = 20  # the kind of message that asks, and the one that answers
_REQUEST: Final = 1
_EVERY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = b"\xff" * 8
_HEADER: Final = struct.Struct("=IHHII")  # length, kind, flags, number, sender
_ASKED: Final = struct.Struct("=BBBBI")  # family, protocol, more, nothing, states; then which connection
_TOLD_END: Final = struct.Struct("=IIIII")  # expires, two queues, user, inode; behind 4 bytes and the connection
_CONNECTION_BYTES: Final = 48


@dataclass(frozen=True)
class Neighbours:
    """The programs of this machine.

    Args:
        users: whose programs are trusted.
    """

    users: frozenset[int]

    @classmethod
    def here(cls) -> Neighbours | None:
        """Users whose connections are trusted: our own, and root, who may do everything anyway. None where the kernel
        does not report the user of a connection.
        """
        if not hasattr(os, "getuid"):
            return None
        found = cls(frozenset({os.getuid(), ROOT_USER}))
        try:  # with a connection of our own
            with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_connection(ours.getsockname()) as other:
                return found if found.user_of(other.getsockname(), ours.getsockname()) == os.getuid() else None
        except OSError:
            return None

    def trusts(self, client: Sequence[object], server: Sequence[object]) -> bool:
        """Whether a trusted user's program holds the other end of a connection.

        Args:
            client: address and port of the other end.
            server: address and port of ours.

        Returns:
            False too if that end is closed or not to be found: then nothing shows whose it was.
        """
        try:
            return self.user_of(client, server) in self.users
        except OSError:
            return False

    def user_of(self, client: Sequence[object], server: Sequence[object]) -> int | None:
        """The number of the user who holds the other end; None if nobody does any more.

        Raises:
            OSError: the kernel does not answer.
        """
        try:
            family, source, source_port = _end(*client[:2])
            family_there, there, there_port = _end(*server[:2])
        except (TypeError, ValueError):  # not two addresses with ports
            return None
        if family != family_there:
            return None
        which = struct.pack("!HH", source_port, there_port) + source + there + bytes(4) + _NO_COOKIE
        request = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, _EVERY_STATE) + which
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(WAIT_SECONDS)
            kernel.send(_HEADER.pack(_HEADER.size + len(request), _BY_FAMILY, _REQUEST, 1, 0) + request)
            answer = kernel.recv(65_536)
        if _HEADER.unpack_from(answer)[1] != _BY_FAMILY:  # it says that there is none
            return None
        _, _, _, user, inode = _TOLD_END.unpack_from(answer, _HEADER.size + 4 + _CONNECTION_BYTES)
        return int(user) if inode else None  # what its program has closed has no inode, and counts as root's


def _end(host: object, port: object) -> tuple[int, bytes, int]:
    """Family, address in 16 bytes, port."""
    address = ip_address(str(host).partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    return family, address.packed.ljust(16, b"\0"), int(str(port))
