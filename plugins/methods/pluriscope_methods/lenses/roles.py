"""Roles of attention heads: where each looks, what it adds to the answer, and what is lost without it, apart.

Olsson et al. 2022, "In-context Learning and Induction Heads" (arXiv:2209.11895): previous-token and induction heads.
Wang et al., ICLR 2023 (arXiv:2211.00593), §3: duplicate-token heads, name movers, negative name movers, S-inhibition
heads and backup name movers of indirect object identification. The answer's token stands for the indirect object, a
token that occurs twice for the subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import inner, mean, total_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.sites import Run, Site, measured, on_all_rows, run
from pluriscope.analysis.subjects.transformer.head_scores import (
    answer_positions,
    chance_of,
    far_above,
    positions_looked_for,
    read_from,
)
from pluriscope.analysis.subjects.transformer.heads import Array, attention_to, mixed, without
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.direct_attribution import read_directions
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.on_sites import PAIRS, alike, paired

PATTERN: Final = Setting(
    "pattern",
    0.5,
    "share of the way from even attention to all of it, above which a head looks there",
    low=0.0,
    high=1.0,
)
EFFECT: Final = Setting("effect", 0.0, "logits above which a direct effect counts", low=0.0, high=1e6)
CAUSE: Final = Setting("cause", 0.1, "share of the difference of logits that an effect must move", low=0.0, high=1e6)
ROLES: Final = ("previous", "duplicate", "induction", "name mover", "negative", "S-inhibition", "backup")


def second_positions(tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """``[rows, context, context]`` for the last position alone, where a token stands that occurred before."""
    earlier = np.tril(np.ones((tokens.shape[1], tokens.shape[1]), dtype=np.bool_), -1)
    again = ((tokens[:, :, None] == tokens[:, None, :]) & earlier).any(axis=2)
    found = np.zeros((*tokens.shape, tokens.shape[1]), dtype=np.bool_)
    found[:, -1, :-1] = again[:, :-1]
    return found


def _places(tokens: NDArray[np.int64], answers: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...]:
    """Positions that each role asks to be looked at."""
    at_answer = answer_positions(tokens, answers)
    return *positions_looked_for(tokens), at_answer, at_answer, second_positions(tokens), at_answer


def _look(model: AttentionModel, settings: Settings, _work: Work) -> Grids:
    pairs, notes = paired(model, settings)
    tokens, right = model.tokens[pairs.clean], model.answers[pairs.clean]
    wrong, whole = model.answers[pairs.corrupt], run(model, tokens)
    every, last = on_all_rows(model, lambda name: name.endswith(".a")), len(model.layers)
    heads = [f"{layer}.{head}" for layer in range(1, last + 1) for head in range(model.n_heads)]
    layer_of = {head: int(head.partition(".")[0]) for head in heads}
    of_all, of_pairs = _places(model.tokens, model.answers), _places(tokens, right)
    chances = {layer: [chance_of(read_from(one, layer, last)) for one in of_all] for layer in (1, last)}
    chance = {head: chances[last if layer_of[head] == last else 1] for head in heads}
    # patterns are judged on all rows, effects on pairs with different answers
    looks = {
        head: [_attention(every[f"{head}.a"], read_from(one, layer_of[head], last)) for one in of_all] for head in heads
    }
    pattern, least, cause = (float(settings[name]) for name in ("pattern", "effect", "cause"))
    above = {head: [far_above(one, pattern) for one in chance[head]] for head in heads}

    def rest(of: Run, head: str, at: int) -> Array:
        """The attention of a head without what it gives to the places of a role."""
        return without(of.values[f"{head}.a"], read_from(of_pairs[at], layer_of[head], last))

    def cut(some: list[str], at: int) -> Run:
        return run(model, tokens, [(Site(f"{head}.a"), rest(whole, head, at)) for head in some])

    def direct(of: Run, head: str, at: int) -> float:
        """Contribution of a head's attention to the positions of a role to the right logit less the other's."""
        moved = of.values[f"{head}.a"] - rest(of, head, at)
        output = model.by_head[layer_of[head] - 1][heads.index(head) % model.n_heads][3]
        added = inner(mixed(moved[None], of.values[f"{head}.v"][None])[0][:, -1], output.T)
        return float(mean(np.add.accumulate(added * read_directions(model, of, right, wrong), axis=1)[:, -1]))

    def differences(of: Run) -> Array:
        return measured("logit-difference", of.logits, whole.logits, right, wrong)

    def lost(head: str, at: int) -> float:
        """The share of the difference of logits that is lost on rows with such a place, where the model has one."""
        having = read_from(of_pairs[at], layer_of[head], last).any(axis=(1, 2))
        before, after = (total_of(differences(one)[having]) for one in (whole, cut([head], at)))
        return (before - after) / before if before > 0.0 else 0.0

    # an effect counts if it is large itself and a share of the mean difference, so that noise plays no role
    effects = {head: direct(whole, head, 3) for head in heads}
    counts = max(least, cause * abs(total_of(differences(whole))) / len(tokens))
    movers = [head for head in heads if looks[head][3] > above[head][3] and effects[head] > counts]
    # backup movers show only where the movers' own attention to the answer is taken away
    cut_off = cut(movers, 3)
    backups = {head: direct(cut_off, head, 3) - effects[head] if head not in movers else 0.0 for head in heads}
    if movers:  # and where a backup looks as well
        places = {head: read_from(of_pairs[6], layer_of[head], last) for head in heads}
        looks = {
            head: [*scores[:6], _attention(cut_off.values[f"{head}.a"], places[head])] for head, scores in looks.items()
        }
    losses = {head: [lost(head, at) for at in range(3)] for head in heads}
    at_answer = of_pairs[3]
    moved = {
        head: _query_moved(model, cut([head], 5).values[head], tokens, whole, head, movers, at_answer) for head in heads
    }
    # in the order of ROLES: each asks for its pattern and for its effect
    plays = [
        [
            looks[head][at] > above[head][at] and caused
            for at, caused in enumerate(
                (
                    *(one > cause for one in losses[head]),
                    head in movers,
                    effects[head] < -counts,
                    moved[head] > cause,
                    bool(movers) and backups[head] > counts,
                )
            )
        ]
        for head in heads
    ]
    shown = looks | ({"chance": chances[1]} if last > 1 else {}) | {"chance, last layer": chances[last]}
    texts = tuple(
        tuple(f"{score:.2f}{' yes' if yes else ''}" for score, yes in zip(scores, some, strict=True))
        for scores, some in zip(shown.values(), [*plays, *[[False] * len(ROLES)] * 2], strict=False)
    )

    def grid(title: str, columns: tuple[str, ...], values: Iterable[Iterable[float]], most: float = 0.0) -> Grid:
        return Grid(title, tuple(heads), columns, tuple(map(tuple, values)), most=most)

    sites = tuple(((head if head in heads else ""),) * len(ROLES) for head in shown)  # of chance nothing can be changed
    title = "Attention to where each role looks, from where it is read; yes: the head plays it"
    grids = (
        Grid(title, tuple(shown), ROLES, tuple(map(tuple, shown.values())), sites, texts, 1.0),
        grid(
            "Direct effect of attention to the answer",
            ("direct", "without movers"),
            ((effects[head], backups[head]) for head in heads),
        ),
        grid(
            "Lost without that attention",
            (*ROLES[:3], "queries moved"),
            ((*losses[head], moved[head]) for head in heads),
            1.0,
        ),
    )
    first = tuple(f"Attention is over all rows, the rest {note[:1].lower()}{note[1:]}" for note in notes)
    rule = (
        f"A role asks for attention more than {pattern:g} of the way from an even spread over what can be seen to all, "
        "at positions that a later head or the answer reads, and for an effect of that attention."
    )
    return Grids(grids, _says(plays, looks, heads, above, chance), (*first, rule))


def _attention(shares: Array, where: NDArray[np.bool_]) -> float:
    """Mean attention to some places; 0 where no row has one."""
    found = attention_to(shares, where)
    return 0.0 if found is None else float(found)


def _query_moved(
    model: AttentionModel,
    given: Array,
    tokens: NDArray[np.int64],
    whole: Run,
    head: str,
    movers: list[str],
    at_answer: NDArray[np.bool_],
) -> float:
    """Largest fall of attention to the answer when name movers' queries get that of the head."""
    found = [0.0]
    for mover in movers:
        if mover.partition(".")[0] > head.partition(".")[0]:
            patched = run(model, tokens, [(Site(f"{head}-{mover}.q"), given)])
            before, after = (_attention(one.values[f"{mover}.a"], at_answer) for one in (whole, patched))
            found.append(before - after)
    return max(found)


def _says(
    plays: list[list[bool]],
    looks: dict[str, list[float]],
    heads: list[str],
    above: dict[str, list[float]],
    chance: dict[str, list[float]],
) -> str:
    found, none = [], []
    for at, role in enumerate(ROLES):
        some = [head for head, yes in zip(heads, plays, strict=True) if yes[at]]
        highest = max(heads, key=lambda head: looks[head][at] - above[head][at])
        if some:
            found.append(f"{role}: {', '.join(some)}")
        else:
            but = ", without the effect" if looks[highest][at] > above[highest][at] else ""
            seen = f"highest attention {looks[highest][at]:.2f}, chance {chance[highest][at]:.2f}{but}"
            none.append(f"{role} ({seen if chance[highest][at] else 'no row has such a place that is read'})")
    nobody = f"None of {len(heads)} heads plays {'; '.join(none)}." if none else ""
    played = "; ".join(found)
    return " ".join(filter(None, (f"{played[:1].upper()}{played[1:]}." if found else "", nobody)))


def _in_circuits(of: Analysed[GraphQuestion]) -> tuple[Grid, str] | None:
    """Grid of how many valid circuits have each head in each role, with a sentence; None where that takes long or none
    is listed.
    """
    space, roles = of.question.space, of.question.kind.roles
    masks: NDArray[np.uint64] = np.empty(0, dtype=np.uint64) if of.search is None else of.search.masks
    graph = space.graph
    found = space.roles(number_bits(masks, graph.n_bits)) if len(masks) else None
    if found is None:
        return None
    heads = [at for at, node in enumerate(graph.removable) if graph.nodes[node].looks]
    names = tuple(graph.nodes[graph.removable[at]].name for at in heads)
    counts = found[:, :, heads].sum(axis=0)
    always = [role.label.lower() for at, role in enumerate(roles) if found[:, at].any(axis=1).all()]
    several = [
        role.label.lower()
        for at, role in enumerate(roles)
        if (counts[at] > 0).sum() > 1 and not found[:, at].all(axis=0).any()
    ]
    sentence = f"By where they look, in every one of {len(masks):,} valid circuits heads are {', '.join(always)}"
    sentence = sentence if always else f"No head looks as a role asks in every one of {len(masks):,} valid circuits"
    sentence += f"; other heads in other circuits are {', '.join(several)}" if several else ""
    values = tuple(tuple(row) for row in (counts.T / len(masks)).tolist())
    texts = tuple(tuple(f"{n:,}" for n in row) for row in counts.T.tolist())
    title = f"In how many of {len(masks):,} valid circuits the head looks as the role asks; what it causes is not asked"
    return Grid(
        title,
        names,
        tuple(role.key.removesuffix("_name_mover").replace("_", " ") for role in roles),
        values,
        (),
        texts,
        1.0,
    ), f"{sentence}."


ROLES_LENS: Final = SiteLens(
    key="roles",
    version=4,
    label="Roles of heads",
    definition="Mean attention, at positions that a later head or the answer reads, to the token before (previous "
    "token), to an earlier same token (duplicate token), to what followed it before the reader (induction), where the "
    "logits fall once that attention is left out and the rest takes its share; and of the last position to the answer "
    "(name movers) or to a token that occurred before (S-inhibition). By that attention a name mover raises the answer "
    "directly, a negative one lowers it, an S-inhibition head turns name movers’ queries to the answer, and a backup "
    "looks there and raises it once name movers no longer look there.",
    source="Olsson et al. 2022 (arXiv:2209.11895); Wang et al., ICLR 2023 (arXiv:2211.00593)",
    can_know="A score describes what a head does in the whole model; in a circuit it may look elsewhere, or be absent. "
    "The page of each circuit shows the roles in that circuit.",
    look=_look,
    own=(PATTERN, EFFECT, CAUSE, PAIRS),
    multiplications=lambda model, settings: (
        run_cost(model) + run_cost(model, int(settings["pairs"])) * len(model.layers) * model.n_heads * 9
    ),
    refuses=alike,
    in_circuits=_in_circuits,
)
