"""One output of one network of a study, as measures see it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from analysis.data import DataRecord
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.result import OutputAnalysis
from analysis.tasks import Task

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Studied:
    """What a measure is computed from.

    Args:
        network: the whole network.
        output: index of the output.
        task: what it should compute.
        protocol: the rules under which it is measured.
        data: the data record of the analysis.
        analysis: what the engine found; its circuits are unsearched (``truncated_at`` 0) where no measure of the study
            needs them.
        shared: what several measures of this output need and compute once, see :meth:`once`.
    """

    network: Network
    output: int
    task: Task
    protocol: Protocol
    data: DataRecord
    analysis: OutputAnalysis
    shared: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def cut(self) -> Network:
        """The network with this output alone."""
        return self.network.for_output(self.output)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """A value that several measures need, computed by whichever asks first."""
        if key not in self.shared:
            self.shared[key] = compute()
        return cast(T, self.shared[key])
