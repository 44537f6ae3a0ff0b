"""What the rule of decision is worth: circuits that rounding makes wrong, right where every output above .5 is a 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from analysis.circuits.search import search_circuits
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import named_task
from benchmarks.findings.results import results_of
from benchmarks.findings.rows import write_table

NAME: Final = "rounding"
XOR: Final = named_task("XOR", 2)
STUDIES: Final = {"trained": "alice-or-bob", "drawn": "drawn-stories-wider"}
_COLUMNS: Final = {
    "network": "id of the network: the first sixteen digits of the SHA-256 of its weights",
    "seed": "seed of its training or of its stream of draws",
    "kind": "trained, or drawn from one of three priors",
    "prior": "which; empty of trained ones",
    "measure": "valid: circuits, by rounding; more: as many more if every output above .5 were 1, every other 0",
    "value": "a number",
}


def written() -> dict[str, Any]:
    """The rows of all networks of width 3 as one file."""
    return write_table(NAME, "Valid circuits by rule of decision", _COLUMNS, _lines())


def _lines() -> Iterator[tuple[Any, ...]]:
    protocols = [COMPLETE, COMPLETE.model_copy(update={"circuit_decision": "threshold"})]
    for kind, slug in STUDIES.items():
        results = results_of(slug)
        cells = {cell.key: cell for cell in cells_of(results.design) if cell.sizes == (2, 3, 3, 1)}
        for one in results.outcomes:
            network = network_of_outcome(cells[one.cell], one) if one.converged and one.cell in cells else None
            if network is not None:
                prior = cells[one.cell].labels["prior"] if kind == "drawn" else ""
                own = ((one.network or "")[:16], one.seed, kind, prior)
                valid, every = (search_circuits(ask(network, task=XOR, protocol=rule)).n_valid for rule in protocols)
                yield from ((*own, "valid", valid), (*own, "more", every - valid))
