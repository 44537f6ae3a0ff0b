"""Transformers trained here: the form, what it would do, and starting it; as
:mod:`pluriscope.app.pages.training.form`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.tasks import TASKS
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions, attention_spec
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.jobs import queue
from pluriscope.app.pages.training.form import own_network
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Block, Form, Head, Notice, Prose, Side, errors_of

FOLDED = frozenset(
    ("d_model", "d_head", "positions", "learning_rate", "weight_decay", "layer_norm", "context", "held_out")
)


class TrainFields(TransformerOptions):
    """The fields of the form."""

    way: Literal["transformer"] = Field("transformer", json_schema_extra={"control": "hidden"})
    task: Literal[tuple(TASKS)] = Field("induction", description="All its rows are trained on.")  # type: ignore[valid-type]


def read_training(sent: Mapping[str, Sequence[str]]) -> tuple[TransformerOptions | None, dict[str, str]]:
    """The texts of the form as a request, None if they cannot be trained with; and what is wrong with each field."""
    given = {name: texts[0].strip() for name, texts in sent.items() if name != "way" and texts[0].strip()}
    try:
        request = TransformerOptions.model_validate(given)
        attention_spec(request.model_dump())
    except ValidationError as error:
        return None, errors_of(error)
    except AnalysisError as error:
        field = error.item.replace("-", "_")
        return None, {field if field in TrainFields.model_fields else "task": str(error)}
    return request, {}


def training_page(
    _: Session, links: Addresses, sent: Mapping[str, Sequence[str]], *, refused: bool = False
) -> Iterator[Block]:
    """The form, filled in, beside what it would do."""
    request, errors = read_training(sent)
    values = {name: texts[0] for name, texts in sent.items() if name != "way"}
    if request is None:
        reply: Block = Notice(
            "Nothing can be trained as it stands", " ".join(errors.values()), "", "refused", id="plan"
        )
    else:
        task = attention_spec(request.model_dump()).task
        row, answer = (task.outputs[token] for token in task.rows[0]), task.outputs[task.answers[0]]
        words = f"{noun(len(task.rows), 'row')} such as {' '.join(row)} → {answer}. It converges if its loss is below "
        words += f"{request.loss_target:g} and it is right on more than 99% of them."
        reply = Prose(words, glossary=False, id="plan")
    about = "Attention heads on a task of which every row is known. What converges is stored and its circuits searched."
    yield Head("Train a transformer", about, actions=[own_network(links, "Train a transformer")])
    if refused:
        yield Notice("Nothing was started", "", "Mend what is marked and start again.", "refused")
    yield Side(
        [Form(TrainFields, links.train(), "Start training", values, errors, folded=FOLDED, preview="plan"), reply]
    )


def start_training(session: Session, request: TransformerOptions) -> JobRow:
    """Ask for the training; the same request again is the same job, tried again if it failed.

    Raises:
        InvalidTraining, InvalidTask: as the command line says of such options.
    """
    options = request.model_dump()
    title = f"Train {attention_spec(options).label}"
    arguments = {"kind": TRANSFORMER.key, "specs": [options], "name": "", "protocols": []}
    return queue.enqueue(session, "train", arguments, title, requested=True, again=queue.ENDED_BADLY)
