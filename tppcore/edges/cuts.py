"""Which thresholds a paragraph has, and beside what they decide it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from tppcore.edges.spans import Span, exactly
from tppcore.engine.exact import Decisions
from tppcore.rules.condition import Compare, leaves
from tppcore.rules.rulebook import Paragraph
from tppcore.rules.vocabulary import Vocabulary

_COMBINATIONS = 4096


@dataclass(frozen=True, slots=True)
class Cut:
    """A threshold of a metric; for a boolean it is 1, for a category the code of `word`."""

    metric: str
    threshold: Fraction
    kind: str = "number"
    word: str = ""

    @property
    def values(self) -> tuple[Span, ...]:
        """Just below, on and just above; for a boolean, no and yes; for a category, the word
        and any other one."""
        t = self.threshold
        match self.kind:
            case "boolean":
                return exactly(Fraction(0)), exactly(Fraction(1))
            case "category":
                below = (Span(Fraction(0), t, high_open=True),) if t else ()
                return *below, exactly(t), Span(t, None, low_open=True)
            case "date":
                return exactly(t - 1), exactly(t), exactly(t + 1)
        near = t / 1000
        return (
            Span(t - near, t, high_open=True),
            exactly(t),
            Span(t, t + near, low_open=True),
        )


class Ground:
    """A paragraph as a function of its metrics."""

    def __init__(self, paragraph: Paragraph, vocabulary: Vocabulary) -> None:
        self.paragraph, self.vocabulary = paragraph, vocabulary
        decisions = Decisions([paragraph.condition])
        self.places, (self._decider,) = decisions.places, decisions.deciders
        self.texts: dict[Cut, dict[str, None]] = {}
        for leaf in leaves(paragraph.condition):
            if isinstance(leaf, Compare):
                cut = self._cut(leaf)
                if cut is not None:
                    self.texts.setdefault(cut, {})[leaf.text] = None
        self.cuts = sorted(self.texts, key=lambda cut: (cut.metric, cut.threshold))

    def _cut(self, leaf: Compare) -> Cut | None:
        kind = self.vocabulary.kind(leaf.metric)
        assert kind is not None
        if kind.kind == "category":
            word = leaf.text.rpartition("==")[2].strip()
            if word not in kind.words:
                return None
            return Cut(leaf.metric, Fraction(kind.words.index(word)), "category", word)
        return Cut(leaf.metric, leaf.threshold, kind.kind)

    def text(self, cut: Cut) -> str:
        """The tests of this paragraph that a cut belongs to, as written."""
        return "; ".join(self.texts[cut])

    def contexts(self, cuts: Sequence[Cut]) -> Iterator[Mapping[str, Span]]:
        """Spans for the other metrics of the paragraph: first those beside which every one of
        `cuts` turns the verdict, then those beside which one does, then the others."""
        own = [cut.metric for cut in cuts]
        others = [metric for metric in self.places if metric not in own]
        cells = [self._cells(metric) for metric in others]
        later: list[list[Mapping[str, Span]]] = [[] for _ in cuts]
        for combination in islice(product(*cells), _COMBINATIONS):
            context = dict(zip(others, combination, strict=True))
            turning = self._turning(cuts, context)
            if turning == len(cuts):
                yield context
            else:
                later[turning].append(context)
        for contexts in reversed(later):
            yield from contexts

    def _turning(self, cuts: Sequence[Cut], context: Mapping[str, Span]) -> int:
        """How many of the cuts turn the verdict beside a context, for some value of the rest."""
        around = {metric: self._span(metric, span) for metric, span in context.items()}
        values = [[self._span(cut.metric, each) for each in cut.values] for cut in cuts]
        verdicts = {
            combination: self._decider.decide(
                {**around, **{c.metric: p for c, p in zip(cuts, combination, strict=True)}}
            )
            for combination in product(*values)
        }
        turning = 0
        for i in range(len(cuts)):
            rest: dict[object, set[bool | None]] = {}
            for combination, verdict in verdicts.items():
                rest.setdefault(combination[:i] + combination[i + 1 :], set()).add(verdict)
            turning += any(len(found) > 1 for found in rest.values())
        return turning

    def _span(self, metric: str, span: Span) -> tuple[int, int]:
        """The place of a span of values that all lie alike among the thresholds."""
        places = self.places[metric]
        place = places.place(span.low if span.is_point else span.middle())
        return place, place

    def _cells(self, metric: str) -> list[Span]:
        """The values of a metric that come out alike, one span each."""
        kind = self.vocabulary.kind(metric)
        assert kind is not None
        if kind.kind == "boolean":
            return [exactly(Fraction(1)), exactly(Fraction(0))]
        if kind.kind == "category":
            return [exactly(Fraction(code)) for code in range(len(kind.words))]
        found = []
        low = Fraction(0)
        for threshold in self.places[metric].thresholds:
            if threshold > low:
                found.append(Span(low, threshold, low_open=low > 0, high_open=True))
            low = threshold
        return [*found, Span(low, None, low_open=True)]
