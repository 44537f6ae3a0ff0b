"""The settings of a network that is there, as options of the form: to train another like it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from analysis.networks.training_spec import TrainingSpec
from analysis.tasks import TASK_NAMES
from app.addressing import Addresses
from app.db.codecs import network_of, tasks_of
from app.db.reads.analyses import find_network
from app.db.tables import NetworkRow
from app.options import PageModel
from app.pages.training.options import TrainOptions, as_text


class LikeView(PageModel):
    """The network whose settings fill in the form."""

    name: str
    url: str
    trained_here: bool
    words: str


def options_like(session: Session, addresses: Addresses, options: TrainOptions) -> tuple[TrainOptions, LikeView | None]:
    """The options with what a network has filled in, where the address names one and does not say otherwise.

    Raises:
        NotFound: no such network.
    """
    if not options.like:
        return options, None
    row = find_network(session, options.like)
    stored = row.training.get("options") or {}
    known = {name: value for name, value in stored.items() if name in TrainingSpec.model_fields}
    if known:
        texts = {name: as_text(value) for name, value in known.items()}
        texts["seed"] = str(int(known.get("seed", 0)) + 1)
        words = f"All settings are those it was trained with, but the seed is the next one, {texts['seed']}."
    else:
        texts = _shape_of(row)
        words = "Its sizes, activations and tasks; how it was trained is not known here, so the rest are the defaults."
    given = options.model_fields_set - {"like", "theme"}
    filled = options.model_copy(update={name: text for name, text in texts.items() if name not in given})
    return filled, LikeView(name=row.name, url=addresses.network(row.slug), trained_here=bool(known), words=words)


def again(addresses: Addresses, options: Mapping[str, Any]) -> str:
    """The form filled in with these options of training."""
    return addresses.train(**{name: as_text(value) for name, value in options.items() if value is not None})


def _shape_of(row: NetworkRow) -> dict[str, str]:
    network = network_of(row)
    tasks = [task.name if task.name in TASK_NAMES else "".join(map(str, task.truth_table)) for task in tasks_of(row)]
    texts = {
        "tasks": ", ".join(tasks),
        "n_inputs": str(network.n_inputs),
        "hidden": as_text(network.sizes[1:-1]),
        "activation": network.activation,
        "output_activation": "" if network.output_activation == network.activation else network.output_activation,
    }
    return texts if row.negative_slope is None else {**texts, "negative_slope": as_text(row.negative_slope)}
