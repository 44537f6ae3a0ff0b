"""How long a job waits after an attempt that failed: longer each time, and not all of them at once.

The wait doubles from attempt to attempt up to a limit. Between half of it and the whole is chosen by a hash of the job
and the attempt, so that jobs which failed together (a database away, memory gone) do not come back together, and yet
the same history always gives the same waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from analysis.digest import sha256_hex

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0


def wait_after(job_id: str, losses: int) -> timedelta:
    """The wait before the next attempt.

    Args:
        job_id: the job's public id.
        losses: attempts that failed so far, at least 1.

    Returns:
        Between half and the whole of ``2 ** (losses - 1)`` seconds, at most five minutes.
    """
    whole: float = min(FIRST_SECONDS * 2.0 ** (min(losses, 60) - 1), LONGEST_SECONDS)
    share = int(sha256_hex(f"{job_id}:{losses}".encode())[:8], 16) / 0xFFFF_FFFF
    return timedelta(seconds=whole * (0.5 + 0.5 * share))
