"""Pictures of what bench/run.py found: engines beside the roof, and the curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

OURS, PEER, ROOF, INK = "#b5452c", "#8aa1b1", "#d9d4c7", "#333333"


def draw_engines(part: Mapping[str, Any]) -> Figure:
    """Rows a second of every contender that has all threads or can only have one, by job, with its
    fraction of the memory roof."""
    jobs = list(part["found"].values())
    threads = part["threads"]
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    axes: Any = figure.subplots(1, len(jobs), sharex=False)
    for axis, job in zip(axes, jobs, strict=True):
        shown = {
            name: each
            for name, each in job["contenders"].items()
            if each["threads"] == threads or name.startswith("NumPy")
        }
        order = sorted(shown, key=lambda name: shown[name]["rows_per_second"])
        speeds = [shown[name]["rows_per_second"] / 1e6 for name in order]
        colours = [_colour(name) for name in order]
        axis.barh(range(len(order)), speeds, color=colours, height=0.72)
        most = max(speeds)
        for y, (name, speed) in enumerate(zip(order, speeds, strict=True)):
            share = shown[name]["of_roof"]
            axis.text(
                speed + most * 0.01, y, f"{speed:,.0f}  ({share:.2f})", va="center", color=INK,
                fontsize=8.5,
            )  # fmt: skip
        labels = [name.removesuffix(f" x{threads}") for name in order]
        axis.set_yticks(range(len(order)), labels, fontsize=9)
        axis.set_xlim(0, most * 1.25)
        title = job["title"].replace(" with ", "\nwith ").replace(" in force", "\nin force")
        axis.set_title(
            f"{title}\n{job['paragraphs']} paragraphs, {job['tests']} tests",
            fontsize=10,
            loc="left",
        )
        axis.set_xlabel("million rows a second (fraction of the roof)", fontsize=9)
        _plain(axis)
    machine = part["machine"]
    figure.suptitle(
        f"{jobs[0]['rows']:,} rows, {threads} threads, {machine['processor']}, "
        f"C kernel {machine['kernel']}",
        fontsize=9,
        color="#666666",
        x=0.01,
        ha="left",
    )
    return figure


def _colour(name: str) -> str:
    if name.startswith("roof"):
        return ROOF
    return OURS if name.startswith("tppcore") else PEER


def draw_growth(document: Mapping[str, Any]) -> Figure:
    """Nanoseconds a row against the number of rows and of paragraphs, with the roof's."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = document["rows"]["found"]["points"]
    sizes = [each["rows"] for each in points]
    left.loglog(sizes, [each["ns_a_row"] for each in points], "o-", color=OURS, label="tppcore")
    roof = [each["roof_ns_a_row"] for each in points]
    left.loglog(sizes, roof, "s--", color=INK, label="the roof", lw=1, ms=4)
    left.set_ylim(1, 10 ** math.ceil(math.log10(max(each["ns_a_row"] for each in points))))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    left.set_xlabel("rows")
    left.set_ylabel("ns a row")
    left.set_title("cost by size of the table, 13 paragraphs", fontsize=10, loc="left")
    left.legend(frameon=False)

    part = document["paragraphs"]["found"]
    counts = [each["paragraphs"] for each in part["points"]]
    costs = [each["ns_a_row"] for each in part["points"]]
    right.plot(counts, costs, "o-", color=OURS, label="tppcore", ms=4)
    right.axhline(part["roof_ns_a_row"], color=INK, ls="--", lw=1, label="the roof")
    right.set_ylim(0, max(costs) * 1.15)
    right.set_xlabel("paragraphs, as they stand in the rulebook")
    right.set_ylabel("ns a row")
    right.set_title("cost by number of paragraphs", fontsize=10, loc="left")
    below = right.twinx()
    below.step(
        counts, [each["tests"] for each in part["points"]], where="mid", color=PEER, lw=1,
        label="tests",
    )  # fmt: skip
    below.set_ylabel("tests", color="#5c7485")
    below.set_ylim(0, max(each["tests"] for each in part["points"]) * 1.6)
    lines = [*right.get_legend_handles_labels()[0], *below.get_legend_handles_labels()[0]]
    right.legend(lines, ["tppcore", "the roof", "tests"], frameon=False, loc="lower right")
    for axis in (left, right):
        _plain(axis)
    below.spines["top"].set_visible(False)
    return figure


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=8.5)


def save(figure: Figure, stem: Path, formats: Sequence[str] = ("svg", "png")) -> list[Path]:
    """The figure as files STEM.svg and so on; the same bytes for the same figure."""
    paths = []
    with matplotlib.rc_context({"svg.hashsalt": "tppcore", "svg.fonttype": "none"}):
        for format in formats:
            path = stem.with_suffix(f".{format}")
            dated = {"Date": None} if format == "svg" else None
            figure.savefig(path, dpi=130, metadata=dated)
            paths.append(path)
    return paths
