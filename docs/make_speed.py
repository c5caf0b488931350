"""Writes the tables and pictures of docs/speed.md from docs/speed.json, made by bench/run.py.

    python docs/make_speed.py [JSON]

With a JSON, for example bench/out/speed.json, that one is taken over as docs/speed.json first.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TARGET, SOURCE = DOCS / "speed.md", DOCS / "speed.json"

Document = Mapping[str, Any]


def main() -> None:
    if len(sys.argv) > 1:
        SOURCE.write_text(Path(sys.argv[1]).read_text("utf-8"), "utf-8")
    document = json.loads(SOURCE.read_text("utf-8"))
    TARGET.write_text(page(TARGET.read_text("utf-8"), document), "utf-8")
    sys.path.append(str(ROOT))
    from bench import picture

    picture.save(picture.draw_engines(document["classify"]), DOCS / "speed", ["svg"])
    picture.save(picture.draw_growth(document), DOCS / "growth", ["svg"])


def page(text: str, document: Document) -> str:
    """The page with everything between its markers made from measurements."""
    parts = {
        "machine": machine(document),
        "bars": table(("what", "bar", "measured", "the roof", "met"), bars(document)),
        **{f"classify {job}": classify(document, job) for job in ("gate", "rulebook")},
        "kinds": kinds(document),
        "arrow": arrow(document),
        "chip": chip(document),
        "rows": rows(document),
        "memory": memory(document),
        "systems": systems(document),
        "spaces": spaces(document),
        "frames": frames(document),
        "files": files(document),
    }
    for name, made in parts.items():
        head, marker, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition("<!-- end -->")
        if not end:
            raise ValueError(f"{TARGET}: no {name} with an end")
        text = f"{head}{marker}\n{made}\n{end}{tail}"
    return text


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; figures stand on the right."""
    ruler = ["---", *["---:"] * (len(heading) - 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (heading, ruler, *lines))


def machine(document: Document) -> str:
    about = document["classify"]["machine"]
    libraries = ("python", "numpy", "numba", "polars", "duckdb", "numexpr")
    versions = ", ".join(f"{name} {about[name]}" for name in libraries)
    part = document["classify"]
    return (
        f"{about['processor']}, {about['memory']}, {about['system']}; "
        f"C kernel `{about['kernel']}`; {versions}. "
        f"{part['found']['gate']['rows']:,} rows, {part['threads']} threads, "
        f"medians of {part['rounds']} rounds.\n"
    )


# -- what the design asks -------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """`least` or `most`, with the figure that was measured, and the one that the roof would have
    in place of the engine: no program can do better."""

    what: str
    value: float | None
    least: float | None = None
    most: float | None = None
    unit: str = ""
    digits: int = 2
    limit: float | None = None

    def line(self) -> tuple[str, ...]:
        bound = self.least if self.least is not None else self.most
        assert bound is not None
        bar = f"{'>=' if self.least is not None else '<='} {self.text(bound)}"
        limit = "" if self.limit is None else self.text(self.limit)
        if self.value is None:
            return self.what, bar, "not measured", limit, ""
        met = self.value >= bound if self.least is not None else self.value <= bound
        return self.what, bar, self.text(self.value), limit, "yes" if met else "**no**"

    def text(self, value: float) -> str:
        return f"{value:,.{self.digits}f}{self.unit}"


PEERS = {
    "NumPy, obvious": 10,
    "NumPy, in place": 10,
    "NumPy, in blocks": 10,
    "Polars, streaming": 2,
    "DuckDB": 10,
    "numexpr": 8,
    "Numba, branch-free": 0.9,
    "Numba, obvious": 1.1,
}
"""How many times as fast as each peer, with as many threads as it has (NumPy by itself has one)."""


def bars(document: Document) -> Iterator[tuple[str, ...]]:
    makers = (job_bars, kind_bars, arrow_bars, chip_bars, system_bars, space_bars, file_bars)
    for bar in chain.from_iterable(each(document) for each in makers):
        yield bar.line()


def job_bars(document: Document) -> Iterator[Bar]:
    threads = document["classify"]["threads"]
    for job, least in (("gate", 0.8), ("rulebook", 0.6)):
        found = document["classify"]["found"][job]["contenders"]
        ours = found.get(f"tppcore c x{threads}", {})
        yield Bar(f"{job}: of the roof", ours.get("of_roof"), least=least, limit=1)
        for peer, times in PEERS.items():
            name = next((n for n in (f"{peer} x{threads}", f"{peer} x1") if n in found), peer)
            each = found.get(name, {})
            limit = 1 / each["of_roof"] if each else None
            faster = each.get("tppcore_is_times_faster")
            yield Bar(f"{job}: times {name}", faster, least=times, limit=limit)
        one, all_, roof = (
            found.get(name, {}).get("seconds")
            for name in ("NumPy, obvious x1", f"tppcore c x{threads}", f"roof x{threads}")
        )
        yield Bar(
            f"{job}: with {threads} threads, times NumPy, obvious x1",
            faster_than(all_, one),
            least=10,
            limit=faster_than(roof, one),
        )


def faster_than(ours: list[float] | None, theirs: list[float] | None) -> float | None:
    """The median of the ratios of each round."""
    if ours is None or theirs is None:
        return None
    return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))


def kind_bars(document: Document) -> Iterator[Bar]:
    part = document["kinds"]["found"]
    found, threads = part["kinds"], part["threads"]

    def get(kind: str, key: str, scale: float = 1.0) -> float | None:
        value = found.get(kind, {}).get(key)
        return None if value is None else value * scale

    for job, each in part["filter"].items():
        cost = 100 * each["cost"]
        yield Bar(f"{job}: cost of the exact filter, random", cost, most=15, unit=" %", digits=1)
    yield Bar("1 % on ties: of the random rate", get("1 % on ties", "of_random"), least=0.5)
    for kind, least in (("up to 15 digits", 10), ("17 digits", 1)):
        rate = get(f"all on ties, {kind}", "rows_per_second", 1e-6 / threads)
        yield Bar(f"all on ties, {kind}: a core", rate, least=least, unit=" M rows/s", digits=1)
    yield Bar("round numbers: of the random rate", get("round numbers", "of_random"), least=0.6)
    for kind in ("10 % missing", "ranges of die area"):
        yield Bar(f"{kind}: of the roof for its bytes", get(kind, "of_roof"), least=0.4)
    narrow = get("float32", "bytes_a_row")
    if narrow is not None:
        wide = found["random"]["bytes_a_row"]
        yield Bar(
            "float32: times the rate of doubles (the bar: its bytes)",
            get("float32", "of_random"),
            least=wide / narrow,
        )


def arrow_bars(document: Document) -> Iterator[Bar]:
    if "arrow" not in document:
        return
    for nulls, found in document["arrow"]["found"]["of"].items():
        for name, each in found.items():
            if not name.startswith("NumPy"):
                yield Bar(f"{name}, {nulls}: of NumPy columns", each["of_numpy"], least=0.8)


def chip_bars(document: Document) -> Iterator[Bar]:
    found = document["chip"]["found"]
    for name, most, scale, unit in (
        ("Python, a chip: us-3a090", 100, 1e-3, " us"),
        ("Python, a chip: the whole rulebook", 100, 1e-3, " us"),
        ("C: us-3a090", 150, 1, " ns"),
        ("C: the whole rulebook", 600, 1, " ns"),
        ("inside @njit: us-3a090", 50, 1, " ns"),
    ):
        nanoseconds = found.get(name, {}).get("ns")
        value = None if nanoseconds is None else nanoseconds * scale
        yield Bar(f"one chip, {name}", value, most=most, unit=unit, digits=0)


def system_bars(document: Document) -> Iterator[Bar]:
    if "systems" not in document:
        return
    threads = document["systems"]["threads"]
    for job in document["systems"]["found"].values():
        found, what = job["contenders"], f"systems, {job['title']}"
        for form in ("lists", "long"):
            ours = found.get(f"tppcore, {form} x{threads}", {})
            yield Bar(f"{what}, {form}: of the roof", ours.get("of_roof"), least=0.6, limit=1)
        roof = found[f"roof, lists x{threads}"]["seconds"]
        for name, least in (
            (f"Polars, join and group-by x{threads}", 4),
            (f"Polars, gather and group-by x{threads}", 4),
            ("pandas x1", 15),
        ):
            each = found.get(name, {})
            yield Bar(
                f"{what}, lists: times {name}",
                each.get("tppcore_is_times_faster"),
                least=least,
                limit=faster_than(roof, each.get("seconds")),
            )


def file_bars(document: Document) -> Iterator[Bar]:
    for name, job in document.get("files", {}).get("found", {}).items():
        what = f"files, {name}, {job['rows']:,} rows"
        yield Bar(f"{what}: columns, of pyarrow", job["columns_of_reading_and_writing"], least=0.7)
        yield Bar(f"{what}: counts, of reading", job["counts_of_reading"], least=0.7, limit=1)
        peaks = [
            each["peak_bytes"] / 2**20
            for role, each in job["contenders"].items()
            if role.startswith("tppcore")
        ]
        yield Bar(f"{what}: peak memory", max(peaks), most=1000, unit=" MiB", digits=0)


# -- what was measured ----------------------------------------------------------------------------


def classify(document: Document, name: str) -> str:
    job = document["classify"]["found"][name]
    heading = ("", "million rows/s", "of the roof", "tppcore is x times as fast", "outputs")
    heading += ("wrong at ties",) if name == "gate" else ()

    def line(each: str, entry: Mapping[str, Any]) -> list[str]:
        faster, wrong = entry["tppcore_is_times_faster"], entry["wrong_at_ties"]
        cells = [
            each,
            f"{entry['rows_per_second'] / 1e6:,.0f}",
            f"{entry['of_roof']:.2f}",
            "" if faster is None or each.startswith("roof") else f"{faster:.2f}",
            entry["outputs"],
        ]
        if name == "gate":
            cells.append("" if wrong is None else f"{100 * wrong:.1f} %" if wrong else "0")
        return cells

    return table(heading, (line(*item) for item in job["contenders"].items()))


def kinds(document: Document) -> str:
    part = document["kinds"]["found"]
    return table(
        (f"{part['rows']:,} rows", "bytes a row", "million rows/s", "of the roof", "of random"),
        (
            (
                kind,
                f"{each['bytes_a_row']:.1f}",
                f"{each['rows_per_second'] / 1e6:,.1f}",
                f"{each['of_roof']:.2f}",
                f"{each['of_random']:.2f}",
            )
            if "refused" not in each
            else (kind, "", "refused", "", "")
            for kind, each in part["kinds"].items()
        ),
    )


ARROW = """### Arrow

The `gate` through `classify`, from NumPy columns and from tables of pyarrow and Polars with the
same rows, the verdicts in reused memory. Of NumPy the medians of the ratios within each round. In
NumPy what is missing is NaN, and masked among the booleans.

"""


def arrow(document: Document) -> str:
    """The whole section: without a measurement there is none."""
    if "arrow" not in document:
        return ""
    part = document["arrow"]["found"]
    heading = [f"{part['rows']:,} rows"]
    for nulls in part["of"]:
        heading += [f"{nulls}: million rows/s", "of NumPy"]
    return ARROW + table(
        heading,
        (
            (
                name,
                *(
                    cell
                    for found in part["of"].values()
                    for cell in (
                        f"{found[name]['rows_per_second'] / 1e6:,.1f}",
                        f"{found[name]['of_numpy']:.2f}",
                    )
                ),
            )
            for name in next(iter(part["of"].values()))
        ),
    )


def chip(document: Document) -> str:
    found = document["chip"]["found"]
    return table(
        ("one chip", "ns"),
        ((name, each.get("left_out") or f"{each['ns']:,.0f}") for name, each in found.items()),
    )


def rows(document: Document) -> str:
    points = document["rows"]["found"]["points"]
    return table(
        ("rows", "ns a row", "the roof's"),
        (
            (f"{each['rows']:,}", f"{each['ns_a_row']:.2f}", f"{each['roof_ns_a_row']:.2f}")
            for each in points
        ),
    )


def memory(document: Document) -> str:
    keys = ("input_bytes", "output_bytes", "engine_beyond_bytes", "classify_beyond_bytes")
    return table(
        ("rows", "input, MiB", "output, MiB", "engine beyond these, MiB", "`classify`, MiB"),
        (
            (f"{each['rows']:,}", *(f"{each[key] / 2**20:.1f}" for key in keys))
            for each in document["memory"]["found"]["points"]
        ),
    )


SYSTEMS = """## Systems

{systems:,} systems of three parts: chips of the catalogue as int32 places, int32 counts, and as
facts two columns of doubles and one of booleans. Asked are 4A090 .a and .b, the supercomputer,
4A003.b, 4A994.b and the cluster of EO 14110; then the same with four sums as columns beside. From
Arrow list columns that is {lists:.1f} bytes read and written a system without the sums, from the
long form {long:.1f}: the roofs. tppcore starts from the caller's columns each time; the others have
the figures of every chip ready as doubles, write booleans a byte each, and know no missing values.

Predicted after runs of 200,000 systems on a busy machine, before the first quiet one:

> Two cores read 15 to 20 GB/s, so the roof is near 350 million systems a second. Of each part five
> figures are multiplied and added exactly, or compared, and two verdicts taken: some 4 ns a part
> and core, 150 million systems a second on two. So computing decides here, not memory: 0.4 of the
> roof. A loop by hand in doubles does the same work with the same loads and should be no faster
> than that. Polars and pandas build hash tables of ten million keys: 3 million systems a second.

What it missed: the parts were as cheap as said, but reading the facts, the program and turning 64
systems' sets into words cost as much again, and two threads of this machine do some 1.4 times the
work of one where computing decides. So 0.6 of the roof is not met; no contender is nearer to it.
Copies of plain columns into scratch (some 1.3 ns a system) and the examination of vectors that are
known to be sound (0.5 ns) could still go. The long form is slower by the pass that finds where
systems begin.

"""


def systems(document: Document) -> str:
    """The whole section: without a measurement there is none."""
    if "systems" not in document:
        return ""
    found = document["systems"]["found"]
    first = next(iter(found.values()))
    made = SYSTEMS.format(systems=first["systems"], **first["bytes_a_system"])
    for job in found.values():
        heading = ("million systems/s", "of the roof", "tppcore is x times as fast", "outputs")
        made += table(
            (job["title"], *heading),
            (
                (
                    name,
                    f"{each['systems_per_second'] / 1e6:,.1f}",
                    f"{each['of_roof']:.2f}",
                    "" if name.startswith("roof") else f"{each['tppcore_is_times_faster']:.2f}",
                    each["outputs"],
                )
                for name, each in job["contenders"].items()
            ),
        )
        made += "\n"
    return made.removesuffix("\n")


CUBE, THIRD, CHAIN = "six axes", "six axes of a third", "three feed each metric"
RETICLE = "reticle.toml, 7 axes feed one metric"

SPACES = """## Design spaces

Counted under the whole rulebook in force for China on 2026-02-01, cold (a rulebook that has
compiled nothing yet) and warm. In the first space, six axes of 100 places, cores enter TPP and the
die area both, so that they are enumerated. In the second three axes feed each of TPP and two
bandwidths, which share one axis each; in the third TPP is the product of all six, and in
`specs/spaces/reticle.toml` seven axes feed the performance density.

Predicted, from a profile of the first version, which did all in NumPy and counted 0.86 * 10^9
designs of reticle.toml a second under 3A090:

> A census reads no columns: it computes some ten limits for each of 974,848 points, and adds up
> what lies between. That is a few multiplications and a division, some 10 ns, and a lookup among
> 1,320 sorted values, 10 to 40 ns, a limit; sorting ten of them 100 ns a point in C. So 0.1 to
> 0.3 s on two cores, 4 * 10^9 designs a second or more.

What it missed: most of the 1.5 s were Python's integers, as products of 152 bits had no room in 64.
Without common divisors 50 bits are enough, and then a limit costs some 8 ns. Under the whole
rulebook three more lines read stacks and links by themselves, which made 75 million points of one
million until axes could be linked to such lesser forms.

"""


def spaces(document: Document) -> str:
    """The whole section: without a measurement there is none."""
    if "spaces" not in document:
        return ""
    found = document["spaces"]["found"]
    counted = found["counted"]["spaces"]
    made = SPACES + table(
        ("counted", "designs", "cold, ms", "warm, ms", "10^9 designs/s"),
        (
            (
                name,
                f"{each['designs']:.3g}",
                f"{each['cold_seconds'] * 1e3:.0f}",
                f"{each['warm_seconds'] * 1e3:.0f}",
                f"{each['designs_per_second'] / 1e9:,.1f}",
            )
            for name, each in counted.items()
        ),
    )
    made += (
        "\nDecided design by design, all verdicts written, against the same columns in memory:\n\n"
    )
    made += table(
        ("enumerated", "million designs/s", "columns in memory", "times as fast"),
        (
            (
                f"{job}, x{each['threads']}",
                f"{each['enumerated_per_second'] / 1e6:,.0f}",
                f"{each['in_memory_per_second'] / 1e6:,.0f}",
                f"{each['of_in_memory']:.2f}",
            )
            for job, each in found["enumerated"].items()
        ),
    )
    hand = found["by_hand"]
    return made + (
        f"\nFor scale, {hand['designs']:,} designs under the gate: NumPy over all columns, obvious "
        f"code, {hand['numpy_seconds']:.2f} s; a loop in plain Python that only asks for 3A090.a, "
        f"about {hand['python_seconds']:.0f} s; the census {hand['census_seconds'] * 1e3:.0f} ms. "
        "The first two are not exact.\n"
    )


FRAMES = """## Data frames and DuckDB

How many of {rows:,} rows meet each paragraph of the `gate`, asked through each tool's own door and
answered in its own columns: bits in Arrow and Polars; in pandas a byte for the verdict and one for
whether it is known. DuckDB makes Arrow batches in one thread, which limits what reads them, so that
this is measured alone as well. The UDF calls `tppcore.classify` on the vectors of 2,048 rows that
DuckDB hands it, and gives back a struct of the verdicts. {threads} threads; outputs are allocated.

"""


def frames(document: Document) -> str:
    """The whole section: without a measurement there is none."""
    if "frames" not in document:
        return ""
    found = document["frames"]["found"]
    return FRAMES.format(**found) + table(
        ("", "million rows/s", "of `classify`"),
        (
            (name, f"{each['rows_per_second'] / 1e6:,.1f}", f"{each['of_classify']:.2f}")
            for name, each in found["contenders"].items()
        ),
    )


def space_bars(document: Document) -> Iterator[Bar]:
    if "spaces" not in document:
        return
    found = document["spaces"]["found"]
    counted, growth = found["counted"]["spaces"], found["counted"]["growth"]
    for what, name, most in (("10^12", CUBE, 1000), ("10^12", CHAIN, 1000), ("10^9", THIRD, 50)):
        cold = counted[name]["cold_seconds"] * 1e3
        yield Bar(f"census of {what} designs, {name}, cold, ms", cold, most=most, digits=0)
    times = f"{growth['designs']:.0f} times the designs, {CHAIN}: times as long"
    yield Bar(times, growth["time"], most=12)
    if RETICLE in counted:
        speed = counted[RETICLE]["designs_per_second"] / 1e9
        yield Bar(f"counted through limits, {RETICLE}, 10^9 designs/s", speed, least=1)
    for job, each in found["enumerated"].items():
        yield Bar(f"{job}: enumerated, times columns in memory", each["of_in_memory"], least=1.2)


FILES = """## Files larger than memory

One Parquet file (snappy, row groups of 2^20 rows) with a key, eight columns of doubles and one or
two of booleans; the columns that the rules read are classified and written as a Parquet file of the
key, a column a paragraph and the outcome. Against it stand loops of pyarrow that read the same
columns, and that write the same table from answers they have in memory; of two such loops the
better one counts. Each runs in a process of its own, on files that the system holds in its cache;
tppcore's seconds include waiting until the output is safe on the disk.

The limit, and what was predicted from the steps alone on {threads} cores, before the pipeline was
written:

> Reading takes some 50 ns of a core a row, the verdicts 8 (3A090) to 18 (the whole rulebook), and
> writing 75 and 220, which pyarrow does in one thread. So columns are bound by writing: all else
> runs beside it, and the rate is that of pyarrow, less what the two cores lack: 0.9 to 1.0 of it.
> Counts are bound by both cores: 50 of 58 to 68 ns, so 0.75 to 0.85 of reading.

"""


def files(document: Document) -> str:
    """The whole section: without a measurement there is none."""
    if "files" not in document:
        return ""
    part = document["files"]
    made = FILES.format(threads=part["threads"])
    for name, job in part["found"].items():
        made += table(
            (f"{name}, {job['rows']:,} rows", "million rows/s", "ns of a core a row", "peak MiB"),
            (
                (
                    role,
                    f"{each['rows_per_second'] / 1e6:.1f}",
                    f"{1e9 * statistics.median(each['processor_seconds']) / job['rows']:.0f}",
                    f"{each['peak_bytes'] / 2**20:,.0f}",
                )
                for role, each in job["contenders"].items()
            ),
        )
        made += "\n"
    return made.removesuffix("\n")


if __name__ == "__main__":
    main()
