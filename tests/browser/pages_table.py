"""The pages that every visit checks: adding one is adding a line."""

from __future__ import annotations

from typing import Any

PAGES = {
    "gallery": "/",
    "gallery, nothing found": "/?q=nothing-like-it",
    "network": "/networks/xor-pretrained",
    "network, paper": "/networks/alice-and-bob?protocol=paper",
    "network, noisy rows": "{noisy}&protocol=paper",
    "network of three outputs": "/networks/xor-or-imp-3-3?output=2",
    "network of three inputs": "/networks/majority-3-3",
    "ladder": "/networks/alice-and-bob/ladder",
    "Alice and Bob": "/alice-and-bob",
    "funnel": "/networks/xor-pretrained/funnel",
    "funnel, none survives": "/networks/xor-pretrained/funnel?criteria=knockout-completeness&criteria=minimal-subset",
    "funnel, not computed": "/networks/xor-pretrained/funnel?criteria=output-faithfulness(tolerance=0.123)",
    "funnel of three inputs": "/networks/majority-3-3/funnel?protocol=paper",
    "sandbox": "/networks/xor-pretrained/sandbox",
    "sandbox, three asked": "{sandbox}&now=11_1.0s00_2.1.2z_3.0.1v-0.5&tried=00_1.0s11&tried=01_2.0z&on=edges",
    "sandbox, to be foretold": "{sandbox}&now=11_1.0s00&tried=00_1.0s11_g1&game=1",
    "sandbox, along directions": "/networks/alice-and-bob/sandbox?now=01_d1~0~1~-1s10_d1~1~0~-1s00&on=directions",
    "explanations on directions": "/networks/alice-and-bob/explanations?kind=direction&standing=any",
    "explanations on directions, small multiples": "/networks/alice-and-bob/explanations?kind=direction&view=grid",
    "sandbox of three inputs": "/networks/majority-3-3/sandbox?now=110_1.0m_2.1v0.5",
    "common ground": "/networks/xor-pretrained/common-ground",
    "common ground of three inputs": "/networks/majority-3-3/common-ground?kind=interpretation&protocol=paper",
    "common ground, none passes": "/networks/xor-pretrained/common-ground?accuracy_min=1&kind=interpretation",
    "common ground, drawn classes": "/networks/large/common-ground",
    "rename": "/networks/xor-pretrained/rename",
    "rename, possible": "/networks/xor-pretrained/rename?slug=xor-by-another-name",
    "standing": "/networks/xor-pretrained/common-ground/standing?e=i-{mask}.0",
    "circuits": "/networks/xor-pretrained/circuits",
    "circuits as a grid": "/networks/xor-pretrained/circuits?view=grid&edges_max=10",
    "circuits, none passes": "/networks/xor-pretrained/circuits?edges_max=1",
    "circuits, backbone of some": "/networks/xor-pretrained/circuits?among=minimal-subset&edges_max=12",
    "circuits with none valid for a backbone": "/networks/xor-pretrained/circuits?edges_max=5&view=grid",
    "most different circuits": "/networks/xor-pretrained/rivals",
    "most different circuits by a criterion": "/networks/xor-pretrained/rivals?by=minimal-local",
    "most different circuits, not compared": "/networks/majority-3-3/rivals?protocol=paper",
    "circuit": "/networks/xor-pretrained/circuits/{mask}",
    "explanations": "/networks/xor-pretrained/explanations",
    "explanations as a grid": "/networks/xor-pretrained/explanations?view=grid&kind=circuit&kind=alignment",
    "linear probes": "/networks/xor-pretrained/explanations?kind=probe",
    "linear probe": "/networks/xor-pretrained/explanations/p-1.6",
    "linear probe of three inputs": "/networks/majority-3-3/explanations/p-1.e8",
    "linear probes compared": "/compare?network=xor-pretrained&e=p-1.6&e=p-2.6&e=p-2.2",
    "explanations, none match": "/networks/xor-pretrained/explanations?edges_max=12&fragile=yes",
    "interpretations": "/networks/xor-pretrained/circuits/{mask}/interpretations",
    "interpretation": "/networks/xor-pretrained/circuits/{mask}/interpretations/1",
    "circuit re-verified": "/networks/xor-pretrained/circuits/{mask}/verify",
    "comparison re-verified": "/compare/verify?network=xor-pretrained&{refs}",
    "algorithms": "/networks/xor-pretrained/algorithms",
    "algorithm": "/networks/xor-pretrained/algorithms/{algorithm}",
    "alignment": "/networks/xor-pretrained/algorithms/{algorithm}/alignments/{alignment}",
    "alignment, three inputs": "{wide_alignment}",
    "directions": "/networks/alice-and-bob/directions?class=integer",
    "directions, small integers, none reads": "/networks/xor-pretrained/directions?class=integer",
    "directions, not learned": "/networks/xor-pretrained/directions?class=learned",
    "directions of three inputs": "/networks/majority-3-3/directions?class=oblique",
    "direction": "{direction}",
    "direction, swapped obliquely": "{oblique}",
    "other models": "/models",
    "model": "/models/majority-5-attention",
    "circuits of a model": "/models/majority-5-attention/circuits?rules=split",
    "circuits of a model, some": "/models/majority-5-attention/circuits?figure=minimal%3Dyes&keep=x-logits",
    "circuits of a model, none match": "/models/majority-5-attention/circuits?figure=edges%3D1",
    "circuits of a model by nodes": "/models/majority-5-attention/circuits?rules=nodes-mean",
    "circuit of a model": "/models/majority-5-attention/circuits/0c4",
    "circuit of a model, not valid": "/models/majority-5-attention/circuits/040",
    "circuits of a model compared": "/models/majority-5-attention/compare?e=120&e=0c4&e=1ff",
    "circuit of a model re-verified": "/models/majority-5-attention/circuits/0c4/verify",
    "compare": "/compare?network=xor-pretrained&{refs}",
    "compare, one chosen": "/compare?network=xor-pretrained&e=c-{mask}",
    "compare, none chosen": "/compare",
    "compare, what next": "/compare/neighbours?network=xor-pretrained&{refs}",
    "verdicts on one": "/networks/xor-pretrained/verdicts?e=c-{mask}",
    "verdicts side by side": "/networks/xor-pretrained/verdicts?{refs}",
    "bring in a network": "/networks/new",
    "bring in a network, how to export": "/networks/new/help",
    "check a network file": "/networks/new/check",
    "delete": "/networks/xor-pretrained/delete",
    "studies": "/studies",
    "study": "/studies/xor-width",
    "study, other protocol": "/studies/xor-width?protocol=paper",
    "figure of a study": "/studies/xor-width/figures/circuits-valid",
    "networks of a study": "/studies/xor-width/outcomes",
    "networks of a study, none matches": "/studies/xor-width/outcomes?why=diverged",
    "networks side by side": "{side_by_side}",
    "study, one network along training": "/studies/followed/courses/5",
    "new study": "/studies/new",
    "login": "/login?next=/train",
    "login by a link": "/login?key=not-one-of-ours",
    "training form": "/train",
    "jobs": "/jobs",
    "job": "/jobs/{job}",
    "administration": "/admin",
    "glossary": "/glossary",
    "interface": "/api",
    "scope": "/scope",
    "tour": "/tour",
    "tour, a step": "/networks/xor-pretrained/circuits/{mask}?tour=3",
    "patterns": "/patterns",
    "not found": "/networks/nowhere",
}
STATUS = {"not found": 404}
"""Of the pages that do not answer 200."""


def addresses(site: Any) -> dict[str, str]:
    """The pages' addresses, with the identities that the stored analyses found."""
    network = site.twin("/networks/xor-pretrained")
    samples = network["samples"]
    alignment = samples["alignments"][0]
    chosen = [samples["circuits"][0], *samples["interpretations"][:2], alignment]
    names = {
        # a circuit with many interpretations, so that there is something to leaf through
        "mask": max(samples["circuits"], key=lambda circuit: int(circuit["interpretations"]))["mask"],
        "algorithm": alignment["url"].split("/")[4],
        "alignment": alignment["alignment"],
        "direction": _first_direction(site, "/networks/alice-and-bob/directions?class=integer"),
        "oblique": _first_direction(site, "/networks/xor-pretrained/directions?class=oblique"),
        "wide_alignment": site.twin("/networks/majority-3-3/algorithms")["items"][0]["best_url"],
        "refs": "&".join(f"e={item['ref']}" for item in chosen),
        "sandbox": site.twin("/networks/xor-pretrained/sandbox")["suggestions"][-1]["url"],
        "noisy": network["data"][1]["url"],
        "job": site.twin("/jobs?state=done")["items"][0]["id"],
        "side_by_side": "/studies/xor-width/side-by-side?"
        + "&".join(f"n={item['network'][:16]}" for item in site.twin("/studies/xor-width/outcomes")["items"][:2]),
    }
    return {name: address.format(**names) for name, address in PAGES.items()}


def _first_direction(site: Any, listed: str) -> str:
    """The page of the first alignment on a list of directions."""
    return next(one["url"] for item in site.twin(listed)["items"] for one in item["items"])
