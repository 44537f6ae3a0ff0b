"""The command `pluriscope` (spec §9): one file per group of commands.

Heavy modules are imported inside the commands that need them, so that `pluriscope --help` and `analyse` start fast;
only training and the workers load torch.
"""

from __future__ import annotations

import os

# pydantic looks for plug-ins in every package that is installed, which takes longer than what is asked of it here
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pluriscope.app.cli.commands import main

__all__ = ["main"]
