"""One design of a space as a chip or a system, and in which steps it moves."""

from __future__ import annotations

from fractions import Fraction

from tppcore.engine.counting.axes import evaluate
from tppcore.program.decimals import is_decimal
from tppcore.sources.chips import Chip
from tppcore.sources.design.space import Design, row
from tppcore.sources.systems import System
from tppcore.spaces.grid import Grid


def single(design: Design, i: int) -> Chip | System:
    """Design i of a space whose axes all have places."""
    places = Grid([axis.size for axis in design.axes]).place(i)
    part = design.parts[0] if design.chip_axis is None else design.parts[places.pop(0)]
    stated = row(part, places)
    if part.count is None:
        return Chip.of_row(f"design {i}", stated)
    window = {axis: slice(p, p + 1) for axis, p in zip(part.axes, places, strict=True)}
    (count,) = evaluate([part.count.low], part.axes, window)[0].fractions()
    found = System(f"design {i}", parts=[(part.chip, int(count))])
    found.facts = stated
    return found


def steps(design: Design, chip: Chip) -> dict[str, Fraction]:
    """The step of each known quantity of a chip that is an axis with a step, or no decimal: of that
    a power of ten, at most a thousandth of it."""
    found = {}
    axes = {axis.name: axis.step for axis in design.plain_axes if axis.name not in design.formulas}
    for name, each in chip.quantities.items():
        step = axes.get(name)
        if step is not None:
            found[name] = step
        elif each.known and not is_decimal(each.low):
            power = Fraction(1)
            while power * 1000 > each.low:
                power /= 10
            found[name] = power
    return found
