"""The command `pluriscope` (spec §9): one file per group of commands.

Heavy modules are imported inside the commands that need them, so that `pluriscope --help` and `analyse` start fast;
only training and the workers load torch.
"""

from __future__ import annotations

from app.cli.commands import main

__all__ = ["main"]
