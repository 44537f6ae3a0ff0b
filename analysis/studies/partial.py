"""An analysis of which only the circuits were searched, or nothing: what is left out says that it was not searched."""

from __future__ import annotations

from analysis.data import DataRecord
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.result import AlgorithmSearch, CircuitSearch, InterpretationCounts, OutputAnalysis
from analysis.tasks import Task


def circuits_alone(
    network: Network, output: int, task: Task, protocol: Protocol, data: DataRecord, circuits: CircuitSearch
) -> OutputAnalysis:
    """Circuits as they were found (or left unsearched), and nothing else.

    Args:
        network: the whole network, all outputs.
        output: index of the output.
        task: what it should compute.
        protocol: the rules.
        data: the data record.
        circuits: what is known of them.
    """
    return OutputAnalysis(
        network=network,
        output=output,
        task=task,
        protocol=protocol,
        data=data,
        circuits=circuits,
        interpretations=InterpretationCounts((), (), truncated_at=0, complete=False),
        algorithms=AlgorithmSearch((), 0, truncated_at=0),
        criteria={},
        seconds={},
    )
