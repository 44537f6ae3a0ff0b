"""What may be written into neurons, onto edges and along directions."""

from __future__ import annotations

from typing import Final, Literal

Written = Literal["zero", "mean", "source", "value"]
WRITTEN: Final[tuple[Written, ...]] = ("zero", "mean", "source", "value")
MAX_VALUE: Final = 1e6
