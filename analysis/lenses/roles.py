"""Roles of attention heads: where each looks, what it adds to the answer, and what is lost without it, apart.

Olsson et al. 2022, "In-context Learning and Induction Heads" (arXiv:2209.11895): previous-token and induction heads.
Wang et al., ICLR 2023 (arXiv:2211.00593), §3: duplicate-token heads, name movers, negative name movers, S-inhibition
heads and backup name movers of indirect object identification. The answer's token stands for the indirect object, a
token that occurs twice for the subject.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.fixed_order import mean, total_of
from analysis.lenses.direct_attribution import read_directions
from analysis.lenses.lens import Grid, Grids
from analysis.lenses.site_lens import PAIRS, SiteLens, alike, paired, run_cost
from analysis.method_settings import Setting, Settings
from analysis.report import Analysed
from analysis.subjects.enumeration import number_bits
from analysis.subjects.transformer.head_scores import answer_places, chance_of, places_looked_for
from analysis.subjects.transformer.heads import Array, attention_to
from analysis.subjects.transformer.runs import Run, Site, measured, on_all_rows, run
from analysis.subjects.transformer.weights import Transformer
from analysis.work import Work

PATTERN: Final = Setting("pattern", 0.5, "share of attention above which a head looks there", low=0.0, high=1.0)
EFFECT: Final = Setting("effect", 0.0, "logits above which a direct effect counts", low=0.0, high=1e6)
CAUSE: Final = Setting("cause", 0.1, "share that a causal test must move", low=0.0, high=1e6)
ROLES: Final = ("previous", "duplicate", "induction", "name mover", "negative", "S-inhibition", "backup")


def second_places(tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """``[rows, context, context]`` for the last position alone, where a token stands that occurred before."""
    earlier = np.tril(np.ones((tokens.shape[1], tokens.shape[1]), dtype=np.bool_), -1)
    again = ((tokens[:, :, None] == tokens[:, None, :]) & earlier).any(axis=2)
    found = np.zeros((*tokens.shape, tokens.shape[1]), dtype=np.bool_)
    found[:, -1, :-1] = again[:, :-1]
    return found


def _look(model: Transformer, settings: Settings, _work: Work) -> Grids:
    pairs, notes = paired(model, settings)
    tokens, right = model.tokens[pairs.clean], model.answers[pairs.clean]
    wrong, whole = model.answers[pairs.corrupt], run(model, tokens)
    every = on_all_rows(model, lambda name: name.endswith(".a") or name.replace(".", "").isdigit())
    heads = [f"{layer}.{head}" for layer in range(1, len(model.layers) + 1) for head in range(model.n_heads)]
    at_answer = answer_places(model.tokens, model.answers)
    looked_for = (*places_looked_for(model.tokens), *(at_answer, at_answer), second_places(model.tokens), at_answer)
    looks = {head: [_attention(every[f"{head}.a"], where) for where in looked_for] for head in heads}
    looks["chance"] = [chance_of(where) for where in looked_for]

    def without(some: list[str]) -> Run:
        """With what some heads add set to its mean over all rows."""
        given = [(Site(one), np.broadcast_to(mean(every[one]), whole.values[one].shape)) for one in some]
        return run(model, tokens, given)

    def direct(of: Run, head: str) -> float:
        added = of.values[head][:, -1] * read_directions(model, of, right, wrong)
        return float(mean(np.add.accumulate(added, axis=1)[:, -1]))

    def difference(of: Run) -> float:
        return total_of(measured("logit-difference", of.logits, whole.logits, right, wrong)) / len(tokens)

    effects = {head: direct(whole, head) for head in heads}
    pattern, least, cause = (float(settings[name]) for name in ("pattern", "effect", "cause"))
    above = [max(pattern, chance) for chance in looks["chance"]]
    movers = [head for head in heads if looks[head][3] > above[3] and effects[head] > least]
    span = abs(difference(whole))
    lost = {head: (difference(whole) - difference(without([head]))) / max(span, 1e-9) for head in heads}
    cut = without(movers) if movers else whole
    backups = {head: direct(cut, head) - effects[head] if head not in movers else 0.0 for head in heads}
    at_answer = answer_places(tokens, right)
    moved = {head: _query_moved(model, pairs.corrupt, tokens, whole, head, movers, at_answer) for head in heads}
    of_role: dict[str, dict[str, bool]] = {
        **{role: {head: lost[head] > cause for head in heads} for role in ROLES[:3]},
        "name mover": {head: head in movers for head in heads},
        "negative": {head: effects[head] < -least for head in heads},
        "S-inhibition": {head: moved[head] > cause for head in heads},
        "backup": {head: bool(movers) and backups[head] > max(least, cause * span) for head in heads},
    }
    plays = [[looks[head][at] > above[at] and of_role[role][head] for at, role in enumerate(ROLES)] for head in heads]
    texts = tuple(
        tuple(f"{score:.2f}{' yes' if yes else ''}" for score, yes in zip(scores, some, strict=True))
        for scores, some in zip(looks.values(), [*plays, [False] * len(ROLES)], strict=True)
    )

    def grid(title: str, columns: tuple[str, ...], *rows: dict[str, float], most: float = 0.0) -> Grid:
        return Grid(title, tuple(heads), columns, tuple(tuple(row[head] for row in rows) for head in heads), most=most)

    sites = tuple((head,) * len(ROLES) for head in (*heads, ""))  # of chance nothing can be changed
    title = "Attention to where each role looks; yes: the head plays it"
    grids = (
        Grid(title, tuple(looks), ROLES, tuple(map(tuple, looks.values())), sites, texts, 1.0),
        grid("Direct effect on the right logit", ("direct", "without movers"), effects, backups),
        grid("Causal tests", ("lost without it", "queries moved"), lost, moved, most=1.0),
    )
    first = tuple(f"Attention is over all rows, the rest {note[:1].lower()}{note[1:]}" for note in notes)
    rule = f"A role asks for attention above {pattern:g} and above chance, that is spread evenly over what can be seen."
    return Grids(grids, _says(plays, looks, heads, above), (*first, rule))


def _attention(shares: Array, where: NDArray[np.bool_]) -> float:
    """Mean attention to some places; 0 where no row has one."""
    found = attention_to(shares, where)
    return 0.0 if found is None else float(found)


def _query_moved(
    model: Transformer,
    others: NDArray[np.intp],
    tokens: NDArray[np.int64],
    whole: Run,
    head: str,
    movers: list[str],
    at_answer: NDArray[np.bool_],
) -> float:
    """By how much attention to the answer falls, at most, when name movers' queries get the head from other rows."""
    given, found = run(model, model.tokens[others]).values[head], [0.0]
    for mover in movers:
        if mover.partition(".")[0] > head.partition(".")[0]:
            patched = run(model, tokens, [(Site(f"{head}-{mover}.q"), given)])
            before, after = (_attention(one.values[f"{mover}.a"], at_answer) for one in (whole, patched))
            found.append(before - after)
    return max(found)


def _says(plays: list[list[bool]], looks: dict[str, list[float]], heads: list[str], above: list[float]) -> str:
    told, none = [], []
    for at, role in enumerate(ROLES):
        some = [head for head, yes in zip(heads, plays, strict=True) if yes[at]]
        highest = max(looks[head][at] for head in heads)
        if some:
            told.append(f"{role}: {', '.join(some)}")
        else:
            but = ", without the effect" if highest > above[at] else ""
            chance = looks["chance"][at]
            seen = f"highest attention {highest:.2f}, chance {chance:.2f}{but}"
            none.append(f"{role} ({seen if chance else 'no row has such a place'})")
    nobody = f"None of {len(heads)} heads plays {'; '.join(none)}." if none else ""
    played = "; ".join(told)
    return " ".join(filter(None, (f"{played[:1].upper()}{played[1:]}." if told else "", nobody)))


def _in_circuits(of: Analysed) -> tuple[Grid, str] | None:
    """In how many valid circuits each head has each role, and a sentence; None where that takes long to find."""
    space, roles = of.question.space, of.question.kind.roles
    masks: NDArray[np.uint64] = np.empty(0, dtype=np.uint64) if of.circuits is None else of.circuits.masks
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
    told = f"By where they look, in every one of {len(masks):,} valid circuits heads are {', '.join(always)}"
    told = told if always else f"No head looks as a role asks in every one of {len(masks):,} valid circuits"
    told += f"; other heads in other circuits are {', '.join(several)}" if several else ""
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
    ), f"{told}."


ROLES_LENS: Final = SiteLens(
    key="roles",
    version=2,
    label="Roles of heads",
    definition=(
        "Mean attention to the token before (previous token), to an earlier same token (duplicate token), to what "
        "followed it before the reader (induction), of heads without which the logits fall; and of the last position "
        "to the answer (name movers) or to a token that occurred before (S-inhibition). A name mover raises the answer "
        "directly, a negative one lowers it; an S-inhibition "
        "head’s patch turns name movers’ queries away from the answer; a backup raises it once name movers are set to "
        "their mean."
    ),
    source="Olsson et al. 2022 (arXiv:2209.11895); Wang et al., ICLR 2023 (arXiv:2211.00593)",
    can_know="A score describes what a head does in the whole model; in a circuit it may look elsewhere, or be absent. "
    "The page of each circuit tells the roles in that circuit.",
    look=_look,
    own=(PATTERN, EFFECT, CAUSE, PAIRS),
    multiplications=lambda model, settings: (
        run_cost(model) + run_cost(model, int(settings["pairs"])) * model.n_heads * 9
    ),
    refuses=alike,
    in_circuits=_in_circuits,
)
