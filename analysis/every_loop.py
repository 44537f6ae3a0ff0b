"""All that is compiled, loaded ahead of its first use: where the program is installed, and where a worker starts."""

from pluriscope.analysis.circuits.source_subsets import load_compiled
from pluriscope.analysis.formulas.refutation import wrong_step


def load_every_loop() -> None:
    """Load what counts and what checks proofs, or compile it: some ten seconds for each kind of processor."""
    load_compiled()
    wrong_step((), (), 0)
