"""Systems by the million: aggregated and classified, by every contender.

Systems of three parts each (chips of the catalogue as int32 places, int32 counts) with two columns
of doubles and one of booleans as facts; asked are 4A090 .a and .b, the supercomputer, 4A003.b,
4A994.b and the cluster of EO 14110; then the same with four sums as columns beside the verdicts.

Two roofs: the same threads read the list columns (both have offsets of their own) or the long form
with its column of systems, read the facts, and write two bits a verdict and 8 bytes a sum. The
contenders have the systems in order and the figures of each chip ready, and write booleans a byte
each.
"""

from __future__ import annotations

import statistics
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tppcore as tpp
from bench import parts
from bench.contenders import PEERS
from bench.options import Options
from tppcore.benchmark.rounds import Contender, ratio, timed
from tppcore.sources.system_table import SystemTable

Answer = tuple[Any, Any]
"""Booleans (paragraphs, systems) and doubles (sums, systems)."""


@dataclass(frozen=True)
class Entry:
    """`answered` makes an `Answer` of what a run gives; None for a roof."""

    run: Contender
    threads: int
    outputs: str
    form: str
    answered: Callable[[Any], Answer] | None
    exact: bool = False


def measure(options: Options) -> dict[str, Any]:
    systems = parts.random(options.systems)
    return {name: _job(systems, each, options) for name, each in parts.QUESTIONS.items()}


def _job(systems: parts.Systems, question: parts.Question, options: Options) -> dict[str, Any]:
    found = contenders(systems, question, options)
    differing, error = _differing(found)
    times = timed({name: each.run for name, each in found.items()}, options.rounds)
    ours = times[f"tppcore, lists x{options.threads}"]
    return {
        "title": question.title,
        "systems": len(systems),
        "parts": len(systems.items),
        "paragraphs": len(parts.PARAGRAPHS),
        "sums": list(question.sums),
        "bytes_a_system": {
            form: _moved(systems, question, form) / len(systems) for form in ("lists", "long")
        },
        "contenders": {
            name: {
                "threads": each.threads,
                "outputs": each.outputs,
                "exact": each.exact,
                "systems_per_second": len(systems) / statistics.median(times[name]),
                "of_roof": ratio(times[name], times[f"roof, {each.form} x{options.threads}"]),
                "tppcore_is_times_faster": ratio(ours, times[name]),
                "systems_that_differ": differing.get(name),
                "largest_error_of_sums": error.get(name),
                "seconds": times[name],
            }
            for name, each in found.items()
        },
    }


def contenders(
    systems: parts.Systems, question: parts.Question, options: Options
) -> dict[str, Entry]:
    """By name."""
    threads = options.threads
    found = {
        f"roof, {form} x{threads}": Entry(
            Roof(_read(systems, form), question, len(systems), threads),
            threads, "reused", form, None,
        )
        for form in ("lists", "long")
    }  # fmt: skip
    for form in ("lists", "long"):
        found[f"tppcore, {form} x{threads}"] = Entry(
            _tppcore(systems, question, form, threads), threads, "reused", form,
            lambda answer: _answered(answer, question), True,
        )  # fmt: skip
    for peer, make in _MAKERS.items():
        if peer in options.peers or peer not in PEERS:
            try:
                found |= make(systems, question, threads)
            except ImportError as error:
                print(f"left out: {peer} ({error})", file=sys.stderr)
    return found


def _tppcore(
    systems: parts.Systems, question: parts.Question, form: str, threads: int
) -> Contender:
    """From the caller's columns to verdicts and sums, as a user would call it."""
    items, rules = parts.items(), parts.rules()
    long = systems.long

    def table() -> SystemTable:
        if form == "lists":
            return SystemTable(systems.lists, items)
        return SystemTable(long, items, systems.keyed)

    held = tpp.classify(table(), rules, threads=threads, sums=question.sums)

    def run() -> Any:
        return tpp.classify(table(), rules, threads=threads, sums=question.sums, out=held)

    return run


def _answered(answer: Any, question: parts.Question) -> Answer:
    found, sums = answer.to_numpy(), answer.sums
    return (
        np.array([np.ma.filled(found[each], False) for each in parts.PARAGRAPHS]),
        np.array([np.asarray(sums[name]) for name in question.sums]).reshape(-1, len(answer)),
    )


def _polars(systems: parts.Systems, question: parts.Question, threads: int) -> dict[str, Entry]:
    from bench.peers import systems_polars

    return {
        f"Polars, {name} x{threads}": Entry(
            systems_polars.make(systems, question, joins), threads, "allocated", "long", _arrays
        )
        for name, joins in (("join and group-by", True), ("gather and group-by", False))
    }


def _pandas(systems: parts.Systems, question: parts.Question, _: int) -> dict[str, Entry]:
    from bench.peers import systems_pandas

    run = systems_pandas.make(systems, question)
    return {"pandas x1": Entry(run, 1, "allocated", "long", _arrays)}


def _numpy(systems: parts.Systems, question: parts.Question, _: int) -> dict[str, Entry]:
    from bench.peers import systems_numpy

    run = systems_numpy.make(systems, question)
    return {"NumPy, reduceat x1": Entry(run, 1, "allocated", "lists", _arrays)}


def _numba(systems: parts.Systems, question: parts.Question, threads: int) -> dict[str, Entry]:
    from bench.peers import systems_numba

    run = systems_numba.make(systems, question, threads)
    return {f"Numba, by hand x{threads}": Entry(run, threads, "reused", "lists", _arrays)}


_MAKERS: dict[str, Callable[[parts.Systems, parts.Question, int], dict[str, Entry]]] = {
    "polars": _polars,
    "pandas": _pandas,
    "numpy": _numpy,
    "numba": _numba,
}


def _arrays(answer: Answer) -> Answer:
    verdicts, sums = np.array(answer[0]), np.array(answer[1])
    return verdicts, sums.reshape(-1, verdicts.shape[1])


def _differing(found: dict[str, Entry]) -> tuple[dict[str, int], dict[str, float]]:
    """In how many systems the verdicts of each differ from the first of our answers, and by how
    much the sums do at most, as a fraction of them."""
    expected: Answer | None = None
    differing, error = {}, {}
    for name, each in found.items():
        if each.answered is None:
            continue
        answer = each.answered(each.run())
        if expected is None:
            expected = answer[0].copy(), answer[1].copy()
        differing[name] = int((expected[0] != answer[0]).any(axis=0).sum())
        if len(expected[1]):
            apart = np.abs(answer[1] - expected[1]) / np.maximum(np.abs(expected[1]), 1)
            error[name] = float(apart.max())
    return differing, error


def _read(systems: parts.Systems, form: str) -> list[np.ndarray]:
    """Every column that has to be read."""
    if form == "lists":
        keys = [systems.offsets, systems.offsets.copy()]
    else:
        keys = [systems.system, systems.keyed["system"]]
    return [*keys, systems.items, systems.counts, *systems.facts.values()]


def _moved(systems: parts.Systems, question: parts.Question, form: str) -> int:
    read = sum(values.nbytes for values in _read(systems, form))
    bits = 2 * len(parts.PARAGRAPHS) * -(-len(systems) // 64) * 8
    return read + bits + 8 * len(question.sums) * len(systems)


class Roof:
    """Reads every byte of some columns of any lengths and writes outputs of that size, as
    `tppcore.benchmark.roof` does for tables."""

    def __init__(
        self, columns: list[np.ndarray], question: parts.Question, systems: int, threads: int
    ) -> None:
        self.columns, self.threads = columns, threads
        words = np.zeros((2 * len(parts.PARAGRAPHS), -(-systems // 64)), np.uint64)
        self.out: list[np.ndarray] = [*words, *np.zeros((len(question.sums), systems))]

    def __call__(self) -> None:
        others = [threading.Thread(target=self._share, args=(i,)) for i in range(1, self.threads)]
        for other in others:
            other.start()
        self._share(0)
        for other in others:
            other.join()

    def _share(self, i: int) -> None:
        for values in self.columns:
            data = self._part(values, i).view(np.uint8)
            np.add.reduce(data[: len(data) // 8 * 8].view(np.int64))
        for out in self.out:
            self._part(out, i)[:] = i

    def _part(self, values: np.ndarray, i: int) -> np.ndarray:
        step = -(-len(values) // self.threads) + 63 & ~63
        return values[i * step : (i + 1) * step]


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = ["", "M systems/s", "of roof", "tppcore is x", "outputs", "differ", "error of sums"]
    cells = []
    for job in part.values():
        cells.append([f"{job['title']}: {job['systems']:,} systems", *[""] * 6])
        for name, each in job["contenders"].items():
            differ, error = each["systems_that_differ"], each["largest_error_of_sums"]
            cells.append(
                [
                    f"  {name}",
                    f"{each['systems_per_second'] / 1e6:.1f}",
                    f"{each['of_roof']:.2f}",
                    f"{each['tppcore_is_times_faster']:.2f}",
                    each["outputs"],
                    "" if differ is None else str(differ),
                    "" if error is None else f"{error:.0e}",
                ]
            )
    return heading, cells
