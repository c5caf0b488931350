"""Uncertain designs: how much of the weight is certainly caught, possibly, or certainly not.

Axes with weights, and ranges with a step and a distribution, are counted exactly. A distribution
without a step is continuous and is sampled: the shares of a seeded sample, each design of it
decided exactly, with a confidence interval (Wilson 1927).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np

from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.lowering import lower
from tppcore.engine.counting.ratios import Array
from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.design.axis import AxisSpec
from tppcore.sources.design.space import Design, Part
from tppcore.spaces.census import Census, census
from tppcore.spaces.laws import lowering, program_for, ranges, rules_for

_DIGITS = 9
"""Decimals of a sampled value, relative to the width of its axis."""


@dataclass(frozen=True)
class Share:
    """A part of the weight: exact, or (with `low` and `high`) seen in a sample."""

    value: Fraction
    low: float | None = None
    high: float | None = None

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True)
class Chance:
    """Of one paragraph: `certain` true, `possible` (undetermined), and `excluded` (false)."""

    certain: Share
    possible: Share
    excluded: Share


class Chances:
    """The chances of every paragraph. `samples` is None where everything was counted."""

    def __init__(
        self,
        rules: Rulebook,
        chances: Mapping[str, Chance],
        samples: int | None,
        seed: int | None,
        level: float,
    ) -> None:
        self.rules, self.by_paragraph = rules, dict(chances)
        self.samples, self.seed, self.level = samples, seed, level

    def __getitem__(self, identity: str) -> Chance:
        """The chances of a paragraph. Raises UnknownName for one not held."""
        if identity not in self.by_paragraph:
            self.rules[identity]  # says why it is not there
        return self.by_paragraph[identity]

    def __iter__(self) -> Any:
        return iter(self.by_paragraph)

    def to_dict(self) -> dict[str, Any]:
        """As data for JSON; exact shares as fractions in text."""

        from tppcore.verdicts import metadata_of

        def shown(share: Share) -> dict[str, Any]:
            made: dict[str, Any] = {"share": float(share), "exact": str(share.value)}
            if self.samples is not None:
                made = {"share": float(share), "low": share.low, "high": share.high}
            return made

        return {
            "meta": metadata_of(self.rules),
            "samples": self.samples,
            "seed": self.seed,
            "level": self.level if self.samples is not None else None,
            "paragraphs": {
                name: {part: shown(getattr(each, part)) for part in _PARTS}
                for name, each in self.by_paragraph.items()
            },
        }

    def __repr__(self) -> str:
        how = "counted" if self.samples is None else f"{self.samples:,} samples, seed {self.seed}"
        return f"<Chances: {len(self.by_paragraph)} paragraphs, {how}>"


_PARTS = ("certain", "possible", "excluded")


def chances(design: Design, rules: Rulebook, samples: int, seed: int, level: float) -> Chances:
    """See `tppcore.spaces.space.Space.chances`."""
    if not 0 < level < 1:
        raise TppError(f"level {level}; expected a number between 0 and 1, such as 0.95")
    if not any(axis.continuous for axis in design.axes):
        return _counted(census(design, rules), level)
    if samples < 1:
        raise TppError(f"{samples} samples; expected at least 1")
    asked = rules_for(design, rules)
    drawn = _Drawn(design, samples, seed)
    counts = np.zeros((3, len(asked.paragraphs)), np.int64)
    stated = [ranges(part, rules) for part in drawn.design.parts]
    program = program_for(asked, {name for each in stated for name in each})
    for number, (part, given) in enumerate(zip(drawn.design.parts, stated, strict=True)):
        places = drawn.places(part, number)
        lowered = lower([lowering(part, program, given)])
        found = counting.verdicts_at(lowered, places)
        for code in (counting.FALSE, counting.TRUE, counting.UNDETERMINED):
            counts[code] += (found == code).sum(axis=0)
    made = {}
    for i, paragraph in enumerate(asked.paragraphs):
        true, false, open_ = (
            _seen(int(counts[code, i]), samples, level)
            for code in (counting.TRUE, counting.FALSE, counting.UNDETERMINED)
        )
        made[paragraph.id] = Chance(true, open_, false)
    return Chances(asked, made, samples, seed, level)


def _counted(found: Census, level: float) -> Chances:
    made = {}
    for name, counts in found.counts().items():
        true, open_, false = (
            Share(Fraction(counts[word], found.total)) for word in ("true", "undetermined", "false")
        )
        made[name] = Chance(true, open_, false)
    return Chances(found.rules, made, None, None, level)


def _seen(hits: int, samples: int, level: float) -> Share:
    """A share of a sample with the score interval of Wilson (JASA 22, 1927, p. 209)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    p, n = hits / samples, samples
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == samples else min(1.0, middle + half)
    return Share(Fraction(hits, samples), low, high)


class _Drawn:
    """A sample of a space: on continuous axes a value a sample, on others a place."""

    def __init__(self, design: Design, samples: int, seed: int) -> None:
        self._places: dict[str, Array] = {}
        random = np.random.default_rng(seed)
        axes = []
        for axis in design.axes:
            if axis.continuous:
                steps = _steps(axis, random.random(samples))
                distinct, self._places[axis.name] = np.unique(steps, return_inverse=True)
                first, last = axis.values
                unit = (last - first) / 10**_DIGITS
                values = tuple(first + unit * step for step in distinct.tolist())
                axes.append(replace(axis, values=values, continuous=False))
            else:
                weights = None
                if axis.weights is not None:
                    weights = np.array([float(each) for each in axis.weights])
                    weights /= weights.sum()
                self._places[axis.name] = random.choice(axis.size, samples, p=weights)
                axes.append(axis)
        self.design = replace(design, axes=tuple(axes))

    def places(self, part: Part, number: int) -> dict[Any, Array]:
        """The places of the samples that fall into part `number`, by plain axis."""
        chips = self.design.chip_axis
        chosen = slice(None) if chips is None else self._places[chips.name] == number
        return {axis: self._places[name][chosen] for name, axis in part.places.items()}


def _steps(axis: AxisSpec, shares: Array) -> Array:
    """The values below which these shares of a continuous distribution lie, int64: in steps of
    10^-DIGITS of the width of the axis, so that they are decimals."""
    at = shares
    first, last = axis.values
    if axis.shape == "triangular" and first < last:
        assert axis.mode is not None
        top = float((axis.mode - first) / (last - first))
        at = np.where(shares < top, np.sqrt(shares * top), 1 - np.sqrt((1 - shares) * (1 - top)))
    steps: Array = np.rint(at * 10**_DIGITS).astype(np.int64)
    return steps
