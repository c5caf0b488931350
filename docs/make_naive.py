"""Makes the table and the picture of docs/naive.md: run `python docs/make_naive.py`.

Verdicts here are compared with whole numbers. On the grid, die areas are k / 100 mm2 and TPP is
n / 10,000, so TPP / area >= T / 100 if and only if n >= T k.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tppcore as tpp

ROOT = Path(__file__).resolve().parents[1]
TARGET, PICTURE = ROOT / "docs" / "naive.md", ROOT / "docs" / "naive.svg"

LIMITS = (592, 320, 160)
"""The thresholds of performance density in hundredths."""

STEPS = {", on the line": 0, " - 0.0001": -1, " + 0.0001": 1}
"""Offsets of TPP in its last decimal, 0.0001."""

AREAS = np.arange(1, 90_001)
"""0.01 to 900.00 mm2 in hundredths."""

RULE = """id = "density"
title = "Performance density alone"
[[version]]
effective = 2020-01-01
status = "in force"
confidence = "P"
citation = "docs/naive.md"
url = "https://example.org"
scope = "circuit"
"""

Bools = np.ndarray
Method = Callable[[np.ndarray, np.ndarray, int], Bools]


# -- ways to decide it ----------------------------------------------------------------------------


def quotient(tpp: np.ndarray, area: np.ndarray, limit: int) -> Bools:
    return tpp / area >= limit / 100


def product(tpp: np.ndarray, area: np.ndarray, limit: int) -> Bools:
    return tpp >= limit / 100 * area


def rounded(tpp: np.ndarray, area: np.ndarray, limit: int) -> Bools:
    t = limit / 100
    return np.array([round(density, 2) >= t for density in (tpp / area).tolist()])


def single(tpp: np.ndarray, area: np.ndarray, limit: int) -> Bools:
    return tpp.astype(np.float32) / area.astype(np.float32) >= np.float32(limit / 100)


def duckdb(test: str, type: str = "DOUBLE") -> Method:
    """A condition in DuckDB over columns of a type."""

    def decide(tpp: np.ndarray, area: np.ndarray, limit: int) -> Bools:
        import duckdb
        import pyarrow as pa

        with duckdb.connect() as connection:
            connection.register("doubles", pa.table({"tpp": tpp, "area": area}))
            columns = ", ".join(f"cast({name} as {type}) as {name}" for name in ("tpp", "area"))
            condition = test.format(limit / 100)
            answer = connection.sql(f"select {condition} as x from (select {columns} from doubles)")
            return np.asarray(answer.to_arrow_table()["x"].to_numpy())

    return decide


def ours(tpp_: np.ndarray, area: np.ndarray, limit: int) -> Bools:
    # Dividing by 8 moves no digit of a double: the decimal of tpp / 8 is on the grid as well.
    table = {"tops_int8": tpp_ / 8, "die_area_mm2": area}
    verdicts = tpp.classify(table, density_rules())
    return np.asarray(verdicts[f"density/at-{limit}"])


def density_rules() -> Any:
    """A rulebook whose paragraphs test performance density and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "density.toml"
        paragraphs = [
            f'[[version.paragraph]]\nid = "at-{limit}"\n'
            f'all = ["performance_density >= {limit / 100}"]\n'
            for limit in LIMITS
        ]
        path.write_text(RULE + "\n".join(paragraphs))
        return tpp.rulebook("2026-07-01", files=[str(path)], rules=["density"])


METHODS: dict[str, Method] = {
    "`tpp / area >= t`": quotient,
    "`tpp >= t * area`": product,
    "`round(tpp / area, 2) >= t`": rounded,
    "`tpp / area >= t` in float32": single,
    "DuckDB, DOUBLE: `tpp / area >= t`": duckdb("tpp / area >= {}"),
    "DuckDB, DOUBLE: `tpp >= t * area`": duckdb("tpp >= {} * area"),
    "DuckDB, DECIMAL(18,4): `tpp / area >= t`": duckdb("tpp / area >= {}", "DECIMAL(18, 4)"),
    "`tppcore.classify`": ours,
}


# -- the table ------------------------------------------------------------------------------------


def mistakes(method: Method, limit: int, step: int, areas: np.ndarray = AREAS) -> float:
    """The share of areas for which a way to decide is wrong, `step` decimals off the line."""
    n = limit * areas + step
    truth = n >= limit * areas
    return float(np.mean(method(n / 10_000, areas / 100, limit) != truth))


def lines(areas: np.ndarray = AREAS) -> Iterator[str]:
    head = [f"{limit / 100:g}{step}" for limit in LIMITS for step in STEPS]
    yield f"| wrong answers in % | {' | '.join(head)} |"
    yield "|---" * (1 + len(head)) + "|"
    for name, method in METHODS.items():
        shares = [mistakes(method, t, step, areas) for t in LIMITS for step in STEPS.values()]
        yield f"| {name} | {' | '.join(map(percent, shares))} |"


def percent(share: float) -> str:
    """In per cent with one decimal; 0 and 100 only for none and all."""
    if share in (0, 1):
        return f"{100 * share:.0f}"
    if share < 0.0005 or share >= 0.9995:
        return "< 0.1" if share < 0.5 else "> 99.9"
    return f"{100 * share:.1f}"


def page(text: str) -> str:
    """The page with its table made anew."""
    head, marker, rest = text.partition("<!-- mistakes -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    return f"{head}{marker}\n" + "\n".join(lines()) + f"\n\n{end}{tail}"


# -- the picture ----------------------------------------------------------------------------------

RIGHT, DIVIDES, MULTIPLIES, BOTH = "#f3efe6", "#c8452d", "#2f6f9f", "#4b2e5a"
ROUNDS, INK = "#e9b44c", "#333333"
CENTRE = (514.3, 695.0)
"""INT8 TOPS and die area of a chip that stands on 5.92."""
REACH = 24


def neighbours() -> tuple[np.ndarray, np.ndarray]:
    """Whether the chips around CENTRE reach 5.92, and which ways to decide it are wrong there: 1
    the quotient, 2 the product, 3 both; (2 REACH + 1, 2 REACH + 1), by rate and area.

    The chips are all pairs of doubles up to REACH units in the last place away; the truth is what
    `tppcore.classify` says.
    """
    ulps = np.arange(-REACH, REACH + 1)
    rates, areas = (centre + ulps * np.spacing(centre) for centre in CENTRE)
    area, rate = (each.ravel() for each in np.meshgrid(areas, rates))
    table = {"tops_int8": rate, "die_area_mm2": area}
    truth = np.asarray(tpp.classify(table, density_rules())["density/at-592"])
    wrong = (quotient(8 * rate, area, 592) != truth) + 2 * (product(8 * rate, area, 592) != truth)
    shape = (len(ulps), len(ulps))
    return truth.reshape(shape), wrong.reshape(shape)


def on_the_line(areas: np.ndarray = AREAS, limit: int = 592) -> np.ndarray:
    """For chips on the line, which ways are wrong, as above."""
    n = limit * areas
    doubles = n / 10_000, areas / 100
    return ~quotient(*doubles, limit) + 2 * ~product(*doubles, limit)


def draw() -> Any:
    """The figure: the plane, every chip on the line, and the neighbours of one of them."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained", facecolor="white")
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.3], width_ratios=[1.25, 1])
    colours = ListedColormap([RIGHT, DIVIDES, MULTIPLIES, BOTH])

    _plane(figure.add_subplot(grid[0, :]))

    every = figure.add_subplot(grid[1, 0])
    _heading(
        every, "Every chip on the line", "one dot for each die area from 0.01 to 900.00 mm\u00b2"
    )
    every.imshow(
        on_the_line().reshape(900, 100), cmap=colours, vmin=0, vmax=3, aspect="auto",
        interpolation="nearest", origin="lower", extent=(0, 1, 0, 900),
    )  # fmt: skip
    every.set_xlabel("hundredths of a mm\u00b2")
    every.set_ylabel("whole mm\u00b2")
    every.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])

    near = figure.add_subplot(grid[1, 1])
    rate, area = CENTRE
    _heading(near, "Under the microscope", f"doubles near {rate} TOPS, {area:g} mm\u00b2")
    truth, wrong = neighbours()
    edge = REACH + 0.5
    shades = ListedColormap(["#ffffff", RIGHT])
    extent = (-edge, edge, -edge, edge)
    near.imshow(truth, cmap=shades, origin="lower", extent=extent, interpolation="nearest")
    near.imshow(
        np.ma.masked_equal(wrong, 0), cmap=colours, vmin=0, vmax=3, origin="lower", extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    near.set_xlabel("die area: units in the last place")
    near.set_ylabel("INT8 TOPS: units in the last place")
    near.text(-REACH + 1, REACH - 3, "5.92 or more", color=INK, fontsize=9)
    near.text(REACH - 1, -REACH + 2, "less", color=INK, fontsize=9, ha="right")
    return figure


def _plane(axis: Any) -> None:
    """Die area against how far TPP stands from 5.92 x area."""
    _heading(
        axis,
        "Around performance density 5.92",
        "how far TPP stands from 5.92 x die area; on the line, chips in steps of 0.2 mm\u00b2",
    )
    areas = np.arange(250, 4501) / 5
    wrong = on_the_line(np.rint(areas * 100).astype(int))
    axis.set_xlim(50, 900)
    axis.set_ylim(-5.2, 2.2)
    axis.axhspan(0, 2.2, color=RIGHT, zorder=0)
    _wedge(axis, np.arange(50, 901))
    axis.axhline(0, color=INK, lw=0.8, zorder=2)
    for code, colour, height in ((1, DIVIDES, 0.62), (2, MULTIPLIES, 1.24)):
        hit = areas[(wrong & code) > 0]
        stems = np.tile([0, height, np.nan], len(hit))
        order = 3 if code == 1 else 2.5
        axis.plot(np.repeat(hit, 3), stems, color=colour, lw=0.7, zorder=order)
        axis.plot(hit, np.full(len(hit), height), ".", color=colour, ms=2.6, zorder=4)
    labels = (
        (DIVIDES, "tpp / area >= 5.92 says no on the line"),
        (MULTIPLIES, "tpp >= 5.92 * area says no on the line"),
        (BOTH, "both are wrong (pictures below)"),
        (ROUNDS, "round(tpp / area, 2) >= 5.92 says yes below the line"),
    )
    handles = [axis.plot([], [], "s", color=colour, ms=7)[0] for colour, _ in labels]
    axis.legend(
        handles, [label for _, label in labels], loc="lower left", fontsize=9, framealpha=0.95,
        edgecolor="none",
    )  # fmt: skip
    axis.text(895, 1.75, "caught", ha="right", fontsize=9, color=INK)
    axis.text(895, -4.95, "not caught", ha="right", fontsize=9, color=INK)
    axis.set_xlabel("die area, mm\u00b2")
    axis.set_ylabel("TPP \u2212 5.92 x area")


def _wedge(axis: Any, areas: np.ndarray) -> None:
    """Where rounding first is wrong: TPP in steps of 0.02, asked one by one."""
    below = np.arange(-520, 0, 2)
    n = 592 * 100 * areas[:, None] + 100 * below[None, :]  # TPP in 0.0001
    spread = np.broadcast_to(areas[:, None], n.shape)
    says = rounded((n / 10_000).ravel(), spread.ravel().astype(float), 592).reshape(n.shape)
    from matplotlib.colors import ListedColormap

    axis.imshow(
        np.ma.masked_equal(says.T, False), cmap=ListedColormap([ROUNDS]), origin="lower",
        extent=(areas[0] - 0.5, areas[-1] + 0.5, -5.21, -0.01), aspect="auto",
        interpolation="nearest", zorder=1,
    )  # fmt: skip


def _heading(axis: Any, title: str, below: str) -> None:
    axis.set_title(f"{title}: {below}", fontsize=10, loc="left", color=INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=8.5)


def main() -> None:
    import matplotlib

    TARGET.write_text(page(TARGET.read_text("utf-8")), "utf-8")
    with matplotlib.rc_context({"svg.hashsalt": "tppcore"}):  # the same bytes each time
        draw().savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
