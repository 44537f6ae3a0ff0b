"""One network: what it computes, how many explanations it has under which rules, and some of each kind."""

from app.options import ScopeOptions
from app.pages.network.behaviour import BehaviourRow, behaviour_of
from app.pages.network.page import NetworkPage, build_network
from app.pages.network.provenance import Provenance, provenance_of

__all__ = [
    "BehaviourRow",
    "NetworkPage",
    "Provenance",
    "ScopeOptions",
    "behaviour_of",
    "build_network",
    "provenance_of",
]
