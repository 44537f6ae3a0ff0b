"""The direction that is added at a site.

``means``: the mean over the rows of one class less that over the other (Turner et al. 2023, arXiv:2308.10248; Rimsky et
al., ACL 2024, arXiv:2312.06681). ``probe``, ``das`` and ``placement`` are the part of that difference which lies on
the weights of the linear read-out with the largest margin, on a direction learned by distributed alignment search, and
on the neurons or the direction on which a variable is placed; so α = 1 moves all of them as far as the classes are
apart. ``numbers`` are taken as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.algorithms.redundancy import placed_algorithms
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.explanations.probes import separation
from pluriscope.analysis.methods.settings import Setting
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.sandbox.intervention import MAX_VALUE
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.sites import pairs_of
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_methods.directions.blocks import Block
from pluriscope_methods.lenses.das import learned_subspace
from pluriscope_methods.steering.sites import Array, Steerable

ALONG: Final = ("means", "probe", "das", "placement", "numbers")
_OF: Final = "the difference of the means of both classes, or its part on a probe, a learned direction or a placement"


def _text(name: str, label: str, meaning: str, example: str) -> Setting:
    return Setting(name, "", meaning, reads=str.strip, example=example, label=label)


SETTINGS: Final = (
    _text("at", "Site", "a hidden layer, or a site; empty for the last hidden layer", "1 or x1~3"),
    Setting("along", "means", f"{_OF}; or numbers of your own", choices=ALONG, label="Direction"),
    _text("of", "Classes of rows", "a truth table or two answers; empty for the task", "0110 or A,B"),
    _text("on", "Neurons, weights or numbers", "of a placement, or your own numbers", "0+2 or 1,0,-1"),
    Setting("most", 2.0, "of either sign; empty for 2", low=0.0, high=MAX_VALUE, above=True, label="Largest dose α"),
    Setting("steps", 20, "from 0 to the largest dose; empty for 20", low=1, high=100, label="Steps"),
    _text("into", "Transfer to", "another network, to which the direction is mapped; empty for none", "xor-85"),
    _text("there", "Site of that network", "empty for the same", "2"),
)
"""What may be set on steering."""
_PAIRS: Final = 32
_RESOLUTION: Final = 1e-9


def direction_of(question: SubjectQuestion, here: Steerable, along: str, on: str) -> Array:
    """Direction along which a site is steered, ``[d]``.

    Args:
        question: whose network it is.
        here: the site with its classes.
        along: one of :data:`ALONG`.
        on: of a placement its neurons, joined by ``+``, or the weights of its read-out, joined by commas; the numbers.

    Raises:
        InvalidIntervention: it cannot be read, has another length, or is zero; no read-out separates the classes, or no
            algorithm of the task has a variable of that function; ``on`` is given where it has no meaning.
    """
    n, item = here.values.shape[1], f"direction along {along}"
    if bool(on) != (along in ALONG[3:]):
        cause = f"says nothing of on {on[:40]!r}" if on else "needs on: neurons such as 0+2, or numbers such as 1,0,-1"
        raise InvalidIntervention(item, cause, "leave it out" if on else "give it")
    one, other = (fixed_order.mean(here.values[here.classes == value]) for value in (1, 0))
    apart = one - other
    if along == "placement" and set(on) <= set("0123456789+"):
        direction = np.where(np.isin(np.arange(n), _neurons(on, n, here.site)), apart, 0.0)
    elif along in ("placement", "numbers"):
        given = _numbers(on, n, here.site)
        direction = given if along == "numbers" else _part_on(apart, given)
    elif along == "probe":
        direction = _part_on(apart, _read_out(here))
    else:
        direction = apart if along == "means" else _part_on(apart, _learned(question, here))
    if not direction.any():
        cure = "choose other classes" if along == "means" else "choose another one"
        raise InvalidIntervention(item, "is zero: it would change nothing", cure)
    return np.asarray(direction + 0.0)


def _part_on(apart: Array, weights: Array) -> Array:
    """The part of a difference that lies on a direction."""
    size = fixed_order.length(weights)
    unit = weights / size if size > 0.0 else weights
    return np.asarray(fixed_order.dot(apart, unit) * unit)


def _neurons(on: str, n: int, site: str) -> list[int]:
    found = [int(one) for one in on.split("+") if one and len(one) < 7]
    if len(found) != len(on.split("+")) or max(found) >= n:
        cause, cure = f"are no neurons of site {site}", f"write numbers from 0 to {n - 1}, joined by +"
        raise InvalidIntervention(f"neurons {on[:40]!r}", cause, cure)
    return found


def _numbers(on: str, n: int, site: str) -> Array:
    try:
        found = np.array([float(one) for one in on.split(",")])
    except ValueError:
        raise InvalidIntervention(f"direction {on[:40]!r}", "holds what is no number", "write 1,0,-1") from None
    if len(found) != n:
        cause, cure = f"has {len(found)} numbers, and site {site} has {n}", "give one for each"
        raise InvalidIntervention(f"direction {on[:40]!r}", cause, cure)
    if not (np.abs(found) <= MAX_VALUE).all():
        cause, cure = f"holds a number that is not within ±{MAX_VALUE:,.0f}", "give smaller ones"
        raise InvalidIntervention(f"direction {on[:40]!r}", cause, cure)
    return found


def _read_out(here: Steerable) -> Array:
    """Normal of the hyperplane with the largest margin between the classes, ``[d]``."""
    some = here.values[here.classes >= 0]
    points = some - fixed_order.mean(some)
    signs = [1 if value else -1 for value in here.classes[here.classes >= 0].tolist()]
    plane = separation(points, signs, _RESOLUTION * float(np.abs(points).max(initial=0.0)))
    if plane is None:
        cause = f"does not exist: no linear read-out of site {here.site} separates {here.named[0]} from {here.named[1]}"
        raise InvalidIntervention("direction along probe", cause, "use means")
    return plane.weights


def _learned(question: SubjectQuestion, here: Steerable) -> Array:
    """``[d]`` by distributed alignment search: of a transformer for the answer, else for a variable of an algorithm."""
    if not isinstance(question, Question):
        model = question.subject
        found: Array = learned_subspace(model, here.place, pairs_of(model, _PAIRS), 1)[0]
        return found
    width, layer = here.values.shape[1], int(here.site)
    table = sum(1 << row for row, bit in enumerate(here.classes.tolist()) if bit)
    both = (table, (1 << len(here.rows)) - 1 - table)
    for algorithm in placed_algorithms(question.task, COMPLETE, question.network.n_hidden_layers).algorithms:
        paths = sorted(algorithm.responses)
        at = next((at for at, path in enumerate(paths) if algorithm.responses[path].function in both), None)
        if at is not None and len(paths) <= width:
            blocks = tuple(Block(layer, place, 1) for place in range(len(paths)))
            with function_at("pluriscope.analysis.subjects.perceptron.threads:one_thread")():
                ((_, scored),) = function_at("pluriscope_methods.directions.das:learn_choices")(
                    question, algorithm, [blocks], n_seeds=1
                )[0]
            place = dict(scored.alignment.places)[paths[at]]
            return np.asarray(place.matrix[0])
    cause = f"cannot be learned: no algorithm of the task that has room in layer {layer} has such a variable"
    raise InvalidIntervention("direction along das", cause, "give classes that a variable distinguishes")
