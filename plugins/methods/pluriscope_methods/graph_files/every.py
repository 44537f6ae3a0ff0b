"""The formats, in the order in which pages offer them."""

from __future__ import annotations

from typing import Final

from pluriscope_methods.graph_files.auto_circuit import AUTO_CIRCUIT
from pluriscope_methods.graph_files.circuit_tracer import CIRCUIT_TRACER
from pluriscope_methods.graph_files.mib import MIB

EVERY: Final = (CIRCUIT_TRACER, MIB, AUTO_CIRCUIT)
