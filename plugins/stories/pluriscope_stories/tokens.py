"""What attention may look for: the token after an earlier one, equal tokens, counts, what is there twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_stories.sequences import varying

_MOST = 8


def _positions(question: SubjectQuestion) -> list[int]:
    """The positions whose tokens are not the same on every row, from 0."""
    inputs = inputs_of(question)
    return [int(one[2:-1]) for one in varying(inputs)] if inputs.name == "t" else []


def _has_tokens(question: SubjectQuestion) -> bool:
    return 2 <= len(_positions(question)) <= _MOST


def _asks_last(question: SubjectQuestion) -> bool:
    """Whether the last position has a token of its own to ask for."""
    return _has_tokens(question) and _positions(question)[-1] == inputs_of(question).values.shape[1] - 1


def _either(choices: Sequence[tuple[str, str]], otherwise: str) -> str:
    """The value of the first condition that holds."""
    return " else ".join([*(f"{value} if {condition}" for condition, value in choices), otherwise])


def _common(name: str, choices: Sequence[tuple[str, str]], base: int, otherwise: str = "none") -> str:
    """Statements for the value, below a base, of conditions that hold, where it is the same of all, and one does."""

    def among(other: int) -> str:
        return ", ".join(f"{value} if {condition} else {other}" for condition, value in choices)

    same = f"_least_{name} if _least_{name} == _most_{name} else {otherwise}"
    return f"_least_{name} = min({among(base)}); _most_{name} = max({among(-1)}); {name} = {same}"


def _once(name: str, choices: Sequence[tuple[str, str]], base: int, otherwise: str = "none") -> str:
    """As :func:`_common`, where exactly one condition holds."""
    number = " + ".join(f"({condition})" for condition, _ in choices)
    return (
        f"_number_{name} = {number}; {name} = ({_either(choices, str(base))}) if _number_{name} == 1 else {otherwise}"
    )


def _code(names: Sequence[str], base: int) -> str:
    """One number for several below a base."""
    return " + ".join(f"{base**k} * {name}" if k else name for k, name in enumerate(names))


def _one_by_one_and_at_once(name: str, numbered: Mapping[int, str], base: int) -> list[tuple[str, list[str]]]:
    """Statements for tokens as variables of their own, and as digits of one variable, with what each is called."""
    names = [f"{name}{number}" for number in numbered]
    found = [("; ".join(f"{one} = {token}" for one, token in zip(names, numbered.values(), strict=True)), names)]
    if len(names) > 1 and base ** len(names) <= 1 << 16:
        digits = [
            f"_{one} = all // {base**k} % {base}" if k else f"_{one} = all % {base}" for k, one in enumerate(names)
        ]
        found.append(("; ".join([f"all = {_code([*numbered.values()], base)}", *digits]), [f"_{one}" for one in names]))
    return found


def _matches(question: SubjectQuestion) -> list[Words]:
    """What followed the last token before: previous tokens, one by one or at once, the place of the match, what stands
    there; a table of what follows each token.
    """
    first, end, base = _positions(question)[0], _positions(question)[-1], int(inputs_of(question).values.max()) + 1
    found = list[Words]()
    for stop in range(max(end, first + 2), end + 2):
        places = range(first + 1, stop)
        after = [f"t[{k}]" for k in places]
        for start, names in _one_by_one_and_at_once("prev", {k + 1: f"t[{k - 1}]" for k in places}, base):
            matches = [(f"{name} == last", token) for name, token in zip(names, after, strict=True)]
            numbered = [(match, str(number)) for number, (match, _) in enumerate(matches)]
            tails = [how("next", matches, base) for how in (_common, _once)]
            for way in (1, -1):
                tails.append(f"next = {_either(matches[::way], 'last')}")
                tails.append(f"place = {_either(numbered[::way], 'none')}; next = ({', '.join(after)},)[place]")
            found += [Words(f"{start}; last = t[{end}]; {tail}", ("next",), together=("prev",)) for tail in tails]
    return [*found, *_followers(range(first, end - 1), end, base)]


def _followers(places: Sequence[int], end: int, base: int) -> list[Words]:
    """A table of what follows each token."""
    if not places or base > 5:
        return []
    names = [f"after{token}" for token in range(base)]
    pairs = [[(f"t[{k}] == {token}", f"t[{k + 1}]") for k in places] for token in range(base)]
    lines = [f"all = {_code(names, base + 1)}", f"last = t[{end}]"]
    powers = ", ".join(str((base + 1) ** token) for token in range(base))
    lines += [f"_next = all // ({powers},)[last] % {base + 1}", f"next = none if _next == {base} else _next"]
    every = (
        [how(name, one, base, str(base)) for name, one in zip(names, pairs, strict=True)] for how in (_common, _once)
    )
    return [Words("; ".join([*each, *lines]), ("next",), together=("after",)) for each in every]


def _tokens(positions: Sequence[int]) -> str:
    return "; ".join(f"token{k + 1} = t[{k}]" for k in positions)


def _counts(question: SubjectQuestion) -> list[Words]:
    """How many tokens are the last one, how many are of each kind, how many kinds there are; tokens by themselves."""
    positions, values = _positions(question), inputs_of(question).values
    base, found = int(values.max()) + 1, list[Words]()
    if _asks_last(question):
        *others, end = positions
        for start, names in _one_by_one_and_at_once("token", {k + 1: f"t[{k}]" for k in others}, base):
            equal = "; ".join(f"equal{k + 1} = {name} == last" for k, name in zip(others, names, strict=True))
            total = " + ".join(f"equal{k + 1}" for k in others)
            text = f"{start}; last = t[{end}]; {equal}; count = 1 + {total}"
            found.append(Words(text, reads=1, together=("token", "equal")))
    new = [" and ".join(f"token{k + 1} != token{j + 1}" for j in positions if j < k) for k in positions[1:]]
    kinds = "; ".join(f"new{k + 1} = {one}" for k, one in zip(positions[1:], new, strict=True))
    total = " + ".join(f"new{k + 1}" for k in positions[1:])
    found.append(Words(f"{_tokens(positions)}; {kinds}; kinds = 1 + {total}", reads=1, together=("token", "new")))
    tokens = sorted({*values[:, positions].ravel().tolist()})
    if len(tokens) <= _MOST:
        number = (f"number{v} = " + " + ".join(f"(t[{k}] == {v})" for k in positions) for v in tokens)
        found.append(Words("; ".join(number), reads=2))
    found.append(Words(_tokens(positions), tuple(f"token{k + 1}" for k in positions), reads=2))
    return found


def _equal(question: SubjectQuestion) -> list[Words]:
    """Whether tokens at two positions are equal."""
    pairs = combinations(_positions(question), 2)
    return [Words("; ".join(f"equal{i + 1}_{j + 1} = t[{i}] == t[{j}]" for i, j in pairs), reads=3)]


def _answers_tokens(question: SubjectQuestion) -> bool:
    """Whether every answer is a token that stands in the row."""
    values, answers = inputs_of(question).values, question.examples.answers
    return _has_tokens(question) and bool((values == answers[:, None]).any(axis=1).all())


def _repeated(question: SubjectQuestion) -> list[Words]:
    """The token that is there twice, by counts or by its second place, and the one that is there beside it."""
    positions, tokens = _positions(question), sorted({*question.examples.answers.tolist()})
    if len(tokens) > _MOST:
        return []
    is_one = [f"{min(tokens)} <= t[{k}] <= {max(tokens)}" for k in positions]
    number = "; ".join(f"number{v} = " + " + ".join(f"(t[{k}] == {v})" for k in positions) for v in tokens)
    twice = f"twice = {_either([(f'number{v} == 2', str(v)) for v in tokens], 'none')}"
    later = positions[1:]
    seen = [" or ".join(f"t[{k}] == t[{j}]" for j in positions if j < k) for k in later]
    again = "; ".join(f"again{k + 1} = {one} and ({two})" for k, one, two in zip(later, is_one[1:], seen, strict=True))
    place = f"place = {_either([(f'again{k + 1}', str(n)) for n, k in enumerate(later)], 'none')}"
    stands = f"twice = ({', '.join(f't[{k}]' for k in later)},)[place]"
    beside = [(f"{one} and t[{k}] != twice", f"t[{k}]") for k, one in zip(positions, is_one, strict=True)]
    other = _common("other", beside, max(tokens) + 1)
    starts = f"{number}; {twice}", f"{again}; {place}; {stands}"
    return [Words(f"{start}; {other}", ("other",), together=("number", "again")) for start in starts]


MATCHES: Final = Vocabulary("matches", "What followed the last token before", _asks_last, _matches)
COUNTS: Final = Vocabulary("counts", "Tokens and how often they are there", _has_tokens, _counts)
EQUAL: Final = Vocabulary("equal", "Equal tokens", _has_tokens, _equal)
REPEATED: Final = Vocabulary("repeated", "The token that is there twice", _answers_tokens, _repeated)
