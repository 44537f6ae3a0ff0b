"""All that is compiled, loaded ahead of its first use: where the program is installed, and where a worker starts."""

from pluriscope.analysis.circuits.source_subsets import load_compiled
from pluriscope.analysis.plugins import brought


def load_every_loop() -> None:
    """Load what counts, and what plugins have, or compile it: some ten seconds for each kind of processor."""
    load_compiled()
    for load in brought("loops").values():
        load()
