"""The drawing of a sandbox, from its page's model."""

from __future__ import annotations

from markupsafe import Markup

from app.figures.svg import ByHand, FlowLink, flow_diagram
from app.pages.sandbox.views import SandboxPage


def drawing_of(page: SandboxPage, *, linked: bool = True) -> Markup:
    """The network with its values, and links on what can be chosen; without these where it is only looked at."""
    share = 1.0 if page.part is None else page.part.share
    shown = page.run if page.part is None else page.part.run
    changes = {
        (change.layer, change.neuron, change.origin): ByHand(
            change.signs, change.before + share * (change.value - change.before)
        )
        for change in page.changes
    }
    for along in page.along:
        changes |= {(along.layer, one.neuron, None): ByHand("moved", one.value) for one in along.landed}
    links = {
        (site.layer, site.neuron, site.origin): FlowLink(site.url, site.words, f"at-{site.site.replace('.', '-')}")
        for site in (page.sites if linked else ())
    }
    return flow_diagram(
        page.network.weights_for(page.output),
        page.clean.activations,
        None if shown is None else shown.activations,
        changes,
        links,
        sentence=f"The network on input {page.words}" + (": choose what to change" if links else ""),
    )
