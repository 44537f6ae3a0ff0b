"""What a store holds that addresses may name: made-up text names nothing, so everything would end at "not found"."""

from __future__ import annotations

from typing import Any

import httpx

Known = dict[str, list[str]]


def known_values(client: httpx.Client) -> list[Known]:
    """What the store holds that addresses may name: by the name of the part of the path or of the option.

    One mapping for each place: parts of one address are taken from one place, so that they belong together.
    """

    def items(path: str) -> list[dict[str, Any]]:
        answer = client.get(path)
        return answer.json().get("items", []) if answer.status_code == 200 else []

    studies = [item["slug"] for item in items("/api/v2/studies")]
    everywhere = {
        "job": [item["ref"] for item in items("/api/v2/jobs?limit=20")],
        "study": studies,
        "name": [one["name"] for slug in studies[:2] for one in figures_of(client, slug)][:40],
        "design": [text for slug in studies if (text := design_of(client, slug))],
        "index": ["0", "0", "1", "99999999999999999999999"],
        "form": ["svg", "png", "json", "csv", "parquet", "md", "bib"],
        "step": ["1", "2", "7"],
        "seed": ["0", "1"],
        "data": [""],
        "after": [""],
        "protocol": ["complete", "paper"],
    }
    places: list[Known] = []
    for slug in slugs_of(client):
        every = f"/api/v2/networks/{slug}/explanations?valid=any&limit=6&kind="
        kinds = ("circuit", "interpretation", "algorithm", "alignment", "direction", "probe")
        found = [item for kind in kinds for item in items(every + kind)]
        refs, masks = [item["ref"] for item in found], [item["mask"] for item in found if item.get("mask")]
        places.append(everywhere | {"network": [slug], "mask": masks, "ref": refs, "e": refs, "pin": refs})
    return places or [everywhere]


def figures_of(client: httpx.Client, study: str) -> list[dict[str, Any]]:
    """The figures of a study."""
    answer = client.get(f"/api/v2/studies/{study}")
    return answer.json().get("figures", []) if answer.status_code == 200 else []


def design_of(client: httpx.Client, study: str) -> str:
    """The file of a study as text; "" if there is none."""
    answer = client.get(f"/api/v2/studies/{study}/design")
    return answer.text if answer.status_code == 200 else ""


def slugs_of(client: httpx.Client) -> list[str]:
    """The networks that are there."""
    answer = client.get("/api/v2/networks?limit=200")
    found = answer.raise_for_status().json()["items"]
    return [item.get("slug") or item["network"]["slug"] for item in found]
