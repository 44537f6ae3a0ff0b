"""An exact count in parts, for several machines without a common disk: each tallies its share of the states.

A part is a file. Its head says which part of which count it is; behind it stand the tallies of its pieces, batch after
batch, and last of all the number of batches. It grows while the part is counted, so that a part that was stopped goes
on behind what it holds. To whoever counts the whole, the parts are what an earlier attempt has kept
(:mod:`analysis.checkpoints`): the same states are numbered and added up, and the same ranks drawn, as on one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis import ENGINE_VERSION
from analysis.checkpoints import Checkpoints, pack, unpack
from analysis.circuits.layered_states import PIECES_AT_ONCE, Share
from analysis.errors import InvalidCheckpoint, InvalidCountPart
from analysis.question import Question

# to be raised when states are enumerated, put together into pieces or divided into units in another way
_FORMAT: Final = "pluriscope-count-part/1"
_LENGTH_BYTES: Final = 8


@dataclass(frozen=True)
class PartHead:
    """Which part of which count a file holds.

    Args:
        question: digest of what is asked.
        share: which part.
        engine: version of the program that counted it.
        format: of the file.
    """

    question: str
    share: Share
    engine: str = ENGINE_VERSION
    format: str = _FORMAT

    @classmethod
    def of(cls, question: Question, share: Share) -> PartHead:
        return cls(question.digest, share)


@dataclass(frozen=True, eq=False)
class CountPart:
    """What a file holds of a part.

    Args:
        name: of the file.
        head: which part.
        batches: the tallies of its pieces, as :func:`analysis.checkpoints.pack` writes them.
        finished: whether these are all.
        n_bytes: of the file as far as it is whole; what follows was being written when the count was stopped.
    """

    name: str
    head: PartHead
    batches: tuple[bytes, ...]
    finished: bool
    n_bytes: int

    def tallies(self) -> list[Any]:
        """The tallies of its pieces in order, as they were kept."""
        return [tally for batch in self.batches for tallies in _unpacked(self.name, batch) for tally in tallies]


def framed(data: bytes) -> bytes:
    """Packed bytes as they stand in a file."""
    return len(data).to_bytes(_LENGTH_BYTES, "little") + data


def written_head(head: PartHead) -> bytes:
    """How the file of a part begins."""
    return framed(pack(head))


def written_end(n_batches: int) -> bytes:
    """How the file of a part ends."""
    return framed(pack(n_batches))


def read_part(name: str, content: bytes) -> CountPart:
    """Read the file of a part, finished or not.

    Args:
        name: what errors call it.

    Raises:
        InvalidCountPart: it is no such file, or of another version of the program.
    """
    frames = list(_frames(content))
    head = _unpacked(name, frames[0]) if frames else None
    if not isinstance(head, PartHead):
        raise InvalidCountPart(
            name, "is no part of a count", "give files that `pluriscope count run --part` has written"
        )
    if (head.format, head.engine) != (_FORMAT, ENGINE_VERSION):
        cause = f"was counted by version {head.engine} ({head.format}), and this is {ENGINE_VERSION} ({_FORMAT})"
        raise InvalidCountPart(name, cause, "count all parts and merge them with one version")
    # the last frame of a finished file is the number of batches before it
    finished = len(frames) > 1 and _unpacked(name, frames[-1]) == len(frames) - 2
    batches = tuple(frames[1:-1] if finished else frames[1:])
    return CountPart(name, head, batches, finished, sum(_LENGTH_BYTES + len(frame) for frame in frames))


def _frames(content: bytes) -> Iterator[bytes]:
    """The whole frames of a file."""
    at = 0
    while at + _LENGTH_BYTES <= len(content):
        end = at + _LENGTH_BYTES + int.from_bytes(content[at : at + _LENGTH_BYTES], "little")
        if end > len(content):
            return
        yield content[at + _LENGTH_BYTES : end]
        at = end


def _unpacked(name: str, data: bytes) -> Any:
    try:
        return unpack(data)
    except InvalidCheckpoint as error:
        cause = f"is spoiled, or no part of a count: {error.cause}"
        raise InvalidCountPart(name, cause, "remove the file, and count the part again") from None


class MergedParts(Checkpoints):
    """All parts of a count, as what an earlier attempt at the whole has kept.

    Args:
        question: what is asked.
        parts: in any order.

    Raises:
        InvalidCountPart: they are parts of other counts or of different divisions, or one is missing, there twice, not
            finished or spoiled.
    """

    def __init__(self, question: Question, parts: Sequence[CountPart]) -> None:
        by_part: dict[int, CountPart] = {}
        for part in parts:
            share, first = part.head.share, parts[0].head.share
            if part.head.question != question.digest:
                cause = "is of another network, output, task, protocol or data record"
                raise InvalidCountPart(
                    part.name, cause, "give the parts with the network and options they were counted by"
                )
            if share.of != first.of:
                cause = f"is one of {share.of} parts, and {parts[0].name} one of {first.of}"
                raise InvalidCountPart(part.name, cause, "give the parts of one division")
            if share.part in by_part:
                cause = f"is part {share.part}/{share.of}, and so is {by_part[share.part].name}"
                raise InvalidCountPart(part.name, cause, "give each part once")
            if not part.finished:
                cause = f"is not finished: it holds {len(part.batches):,} batches of states and no end"
                raise InvalidCountPart(part.name, cause, "run its command again, which goes on where it was stopped")
            by_part[share.part] = part
        n_parts = parts[0].head.share.of if parts else 1
        missing = [f"{part}/{n_parts}" for part in range(1, n_parts + 1) if part not in by_part]
        if missing:
            raise InvalidCountPart(
                "parts", f"{', '.join(missing)} missing", "count what is missing, and give all parts"
            )
        self._tallies = [by_part[part].tallies() for part in sorted(by_part)]

    def recall(self, key: str, /) -> Any | None:
        """The tallies of the whole count's batch with this number."""
        first = int(key) * PIECES_AT_ONCE
        turns = (divmod(piece, len(self._tallies)) for piece in range(first, first + PIECES_AT_ONCE))
        batch = [self._tallies[part][place] for place, part in turns if place < len(self._tallies[part])]
        return (batch,) if batch else None
