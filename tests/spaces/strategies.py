"""Hypothesis strategies for design spaces, their law, and how they are counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from tests.conftest import HEAD
from tests.spaces import reference
from tests.spaces.reference import Spec
from tests.strategies import thresholds
from tppcore.engine.exact import Interval, Metrics
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.rules.store import specs

RATES = (
    "tops_fp16", "tops_fp8", "tops_int4", "tops_fp6", "tops_tf32", "tops_fp16_vector", "tops_fp64",
)  # fmt: skip
NUMBERS = (
    "die_area_mm2", "dram_gb_s", "dram_other_gb_s", "interconnect_gb_s", "host_gb_s",
    "package_area_mm2", "transistors_bn", "best_indigenous_tpp", "tdp_w",
)  # fmt: skip
POSITIVE = ("die_area_mm2", "package_area_mm2", "best_indigenous_tpp", "tdp_w")
RANGED = (*RATES, "die_area_mm2", "dram_gb_s", "interconnect_gb_s")
BOOLEANS = ("datacenter", "non_planar", "hbm", "advanced_node")
METRICS = (
    "tpp", "performance_density", "total_dram_bandwidth", "interconnect_bandwidth",
    "dram_plus_interconnect", "bidirectional_transfer_rate", "hbm_bandwidth_density",
)  # fmt: skip

LAWS: dict[str, Callable[[], Rulebook]] = {
    "gate": lambda: rulebook("2026-02-01", "CN", rules=("us-3a090", "us-742.6-review", "us-9903.79.01")),
    "3a090": lambda: rulebook("2026-02-01", "CN", rules=("us-3a090",)),
    "2022": lambda: rulebook("2023-01-01", "CN"),
    "2024": lambda: rulebook("2024-06-01", "AE"),
    "2025": lambda: rulebook("2025-03-01", "IN"),
    "in force": lambda: rulebook("2026-02-01", "CN"),
    "unknown": lambda: rulebook(
        "2026-02-01",
        "CN",
        rules=("us-3a090", "us-742.6-review"),
        readings={"tf32_width": "19", "vector_units": "added", "unlisted_formats": "unknown"},
    ),
}  # fmt: skip


@lru_cache
def law(name: str) -> Rulebook:
    return LAWS[name]()


@lru_cache(maxsize=64)
def own_law(*paragraphs: str) -> Rulebook:
    """A rule file of paragraphs a, b, c ..., each `all = [...]`, `any = [...]`."""
    body = "\n".join(
        f'[[version.paragraph]]\nid = "{chr(97 + i)}"\n{text}' for i, text in enumerate(paragraphs)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.toml"
        path.write_text(HEAD + body + "\n", "utf-8")
        return rulebook("2026-01-01", rules=["own"], files=[path])


# ---- axes ----


@st.composite
def decimals(draw: st.DrawFn, smallest: int = 0) -> str:
    digits = draw(st.integers(0, 3))
    whole = draw(st.integers(smallest, 60))
    return str(Fraction(whole)) if not digits else f"{whole / 10**digits:.{digits}f}"


@st.composite
def axes(draw: st.DrawFn, most: int) -> Any:
    """An axis of at most `most` places."""
    kind = draw(st.sampled_from(("list", "list", "range", "weights", "booleans", "one")))
    if kind == "booleans" and most >= 2:
        return draw(st.sampled_from(([True, False], [False, True], [True])))
    if kind == "one":
        return [draw(decimals(1))]
    if kind == "range":
        first = draw(st.integers(0, 20))
        step = draw(st.sampled_from(("1", "0.5", "0.05", "3")))
        last = Fraction(first) + Fraction(step) * (draw(st.integers(1, most)) - 1)
        return {"from": str(first), "to": str(float(last)), "step": step}
    values = draw(
        st.lists(decimals(), min_size=1, max_size=most, unique_by=lambda each: Fraction(each))
    )
    if kind == "weights":
        own = draw(st.lists(st.sampled_from(("0", "1", "0.5", "2.5", "7")), min_size=len(values), max_size=len(values)))
        if any(Fraction(each) for each in own):
            return {"values": values, "weights": own}
    return values


# ---- formulas ----


class _Names:
    """What formulas may speak of."""

    def __init__(self, spec_axes: dict[str, Any], constants: dict[str, str]) -> None:
        self.any = [*spec_axes, *constants]
        self.positive = [n for n, g in spec_axes.items() if min(reference.places(g)) > 0]
        self.positive += [name for name, value in constants.items() if Fraction(value) > 0]
        self.booleans = [n for n, g in spec_axes.items() if set(reference.places(g)) <= {0, 1}]
        self.ranged: list[str] = []


@st.composite
def formulas(draw: st.DrawFn, names: _Names, depth: int, positive: bool, sure: bool = True) -> str:
    """A formula; `positive` where it must be above 0, `sure` where nothing in it may be a range."""

    def below(above: bool, certain: bool = sure) -> str:
        return draw(formulas(names, depth - 1, above, certain))

    kind = draw(st.sampled_from(("leaf", "+", "*", "*", "/", "max", "min", "if", "flag"))) if depth else "leaf"
    match kind:
        case "+":
            return f"({below(False)} + {below(positive)})"
        case "*":
            return f"{below(positive)} * {below(positive)}"
        case "/":
            return f"{below(positive)} / ({below(True, True)})"
        case "max":
            return f"max({below(False)}, {below(positive)})"
        case "min":
            return f"min({below(positive)}, {below(positive)})"
        case "if":
            op = draw(st.sampled_from((">=", ">", "<", "<=")))
            test = f"{below(False, True)} {op} {below(False, True)}"
            return f"({below(positive)} if {test} else {below(positive)})"
        case "flag" if names.booleans:
            test = draw(st.sampled_from(names.booleans))
            return f"({below(positive)} if {test} else {below(positive)})"
    pool = names.positive if positive else names.any
    if not sure and not positive:
        pool = pool + names.ranged
    if pool and draw(st.integers(0, 4)):
        return draw(st.sampled_from(pool))
    return draw(decimals(1 if positive else 0).filter(lambda d: not positive or Fraction(d) > 0))


def _terminating(value: Fraction) -> str | None:
    """A decimal of at most 20 places, if the fraction is one."""
    scaled = value * 10**20
    if scaled.denominator > 1 or not 0 < value < 10**15:
        return None
    text = f"{int(scaled):021d}"
    return f"{text[:-20]}.{text[-20:]}".rstrip("0").rstrip(".")


@st.composite
def spaces(draw: st.DrawFn, most: int = 96, own_axes: bool = True) -> Spec:
    """A space of at most `most` designs."""
    pool = ["a", "b", "c", "d", "e"]
    if own_axes:
        pool += ["tops_fp16", "dram_gb_s", "interconnect_gb_s", "tdp_w"]
    chosen = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4, unique=True))
    found: dict[str, Any] = {}
    left = most
    for name in chosen:
        found[name] = draw(axes(max(1, min(6, left))))
        if name == "tdp_w" and min(reference.places(found[name])) == 0:
            found[name] = ["300", "150.5"][: max(1, min(2, left))]
        left //= len(reference.places(found[name]))
    if own_axes and left >= 2 and draw(st.booleans()):
        found["datacenter"] = draw(st.sampled_from(([True, False], [False, True])))
    constants = {"k": draw(decimals(1))} if draw(st.booleans()) else {}
    names = _Names(found, constants)
    quantities: dict[str, Any] = {}
    stated = draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=3, unique=True))
    stated += draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4, unique=True))
    for name in stated:
        if name in found:
            continue
        above, ranged = name in POSITIVE, name in RANGED and draw(st.integers(0, 4)) == 0
        text = draw(formulas(names, draw(st.integers(0, 3)), above, False))
        spec = Spec(found, {**quantities, "x": text}, constants)
        text = f"{_aimed(draw, spec, name, text)} * ({text})"
        if not ranged:
            quantities[name] = text
            if names.ranged and any(each in text for each in names.ranged):
                names.ranged.append(name)
            elif draw(st.booleans()):
                names.any.append(name)
                if above:
                    names.positive.append(name)
            continue
        ends = draw(st.sampled_from(("both", "low", "high", "same")))
        if ends in ("both", "low", "same"):
            quantities[f"{name}_low"] = text
        if ends == "high":
            quantities[f"{name}_high"] = text
        elif ends != "low":
            more = "" if ends == "same" else f" + {draw(formulas(names, 1, False))}"
            quantities[f"{name}_high"] = text + more
        names.ranged.append(name)
    for name in draw(st.lists(st.sampled_from(BOOLEANS), max_size=2, unique=True)):
        if name in found:
            continue
        a, b = draw(formulas(names, 1, False)), draw(formulas(names, 1, False))
        given: list[Any] = [True, False, "True", f"1 if {a} >= {b} else 0", *names.booleans]
        quantities[name] = draw(st.sampled_from(given))
    return Spec(found, quantities, constants)


def _aimed(draw: st.DrawFn, spec: Spec, name: str, text: str) -> str:
    """A factor that brings a formula to a line of the law at one of the designs."""
    plain = draw(st.sampled_from(("1", "0.5", "100", "37.3")))
    at = draw(st.integers(0, spec.size - 1))
    for i, (here, _, _) in enumerate(reference.designs(Spec(spec.axes))):
        if i < at:
            continue
        value = reference.Design(spec, here).formula(text)
        if value is None or not value.known or value.low == 0:
            return plain
        metric = "tpp" if name in RATES else {
            "die_area_mm2": "die", "dram_gb_s": "total_dram_bandwidth",
            "interconnect_gb_s": "interconnect_bandwidth",
        }.get(name, name)  # fmt: skip
        lines = [Fraction("814"), Fraction("1200")] if metric == "die" else [
            Fraction(repr(each)) for each in thresholds().get(metric, (600.0,)) if each
        ]  # fmt: skip
        line = draw(st.sampled_from(lines))
        if name in RATES:
            line /= specs().vocabulary.formats[name[5:].removesuffix("_vector")]
        exact = line / value.low
        beside = draw(st.sampled_from((Fraction(0), Fraction(0), Fraction(1, 1000), Fraction(-1, 1000))))
        return _terminating(exact * (1 + beside)) or plain
    return plain


# ---- law ----


@dataclass(frozen=True)
class Law:
    """A name of LAWS, or the paragraphs of an own rule file: shown as such in counterexamples."""

    name: str
    paragraphs: tuple[str, ...] = ()

    @property
    def rules(self) -> Rulebook:
        return own_law(*self.paragraphs) if self.paragraphs else law(self.name)


@st.composite
def laws(draw: st.DrawFn, spec: Spec) -> Law:
    """A shipped rulebook, or a file whose thresholds the space attains, or just misses."""
    if draw(st.integers(0, 2)) < 2:
        return Law(draw(st.sampled_from(list(LAWS))))
    formulas_of = law("in force").formulas
    rows = [row for _, _, row in reference.designs(spec)]

    def test() -> str:
        metric = draw(st.sampled_from(METRICS))
        row = rows[draw(st.integers(0, len(rows) - 1))]
        found: Interval = Metrics(formulas_of, row).metric(metric)
        op = draw(st.sampled_from((">=", ">", "<", "<=")))
        end = draw(st.sampled_from((found.low, found.high)))
        text = None if end in (0, float("inf")) else _terminating(Fraction(end))
        if text is None or len(text) > 18:
            text = draw(st.sampled_from(("0", "5.92", "100", "4800")))
            if 0 < end < 10**9:
                text = f"{float(end):.6f}"
        else:
            text = _beside(text, draw(st.sampled_from(("on", "on", "up", "down", "ulp+", "ulp-"))))
        return f'"{metric} {op} {text}"'

    return Law(
        "own",
        tuple(
            f"{draw(st.sampled_from(('all', 'any')))} = [{', '.join(test() for _ in range(draw(st.integers(1, 3))))}]"
            for _ in range(draw(st.integers(1, 3)))
        ),
    )


def _beside(text: str, how: str) -> str:
    import math

    value = Fraction(text)
    step = Fraction(1, 10 ** len(text.partition(".")[2]))
    match how:
        case "up":
            value += step
        case "down" if value > step:
            value -= step
        case "ulp+" | "ulp-":
            near = math.nextafter(float(value), math.inf if how == "ulp+" else 0.0)
            value = Fraction(repr(near))
    return _terminating(value) or text
