"""The command `tppcore space`: designs of a space described, counted, and written with verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.cli_space_aims import aim_options, answer, asked_of
from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook
    from tppcore.spaces.space import Space

_BLOCK = 1 << 17
"""Designs that are written at a time: a row group of Parquet, some MB of memory."""

F = TypeVar("F", bound=Callable[..., Any])


def space_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command `space`, with the options of the law and the parser of `--rules`."""

    @click.command("space", cls=many)
    @click.argument("file", metavar="FILE")
    @click.option(
        "-o", "--output", metavar="OUT", help="Write designs: parquet, csv, arrow, jsonl."
    )
    @click.option("--format", metavar="FORMAT", help="Of OUT, where its name does not say it.")
    @click.option("--rows", metavar="A..B", help="Designs A up to B, which is left out itself.")
    @click.option("--sample", type=click.IntRange(1), metavar="N", help="N designs at random.")
    @click.option("--seed", type=click.IntRange(0), help="Of the sample; 0 if left out.")
    @click.option("--shard", metavar="I/N", help="Share I (from 0) of N.")
    @click.option("--columns-only", is_flag=True, help="Axes and quantities without verdicts.")
    @click.option("--census", "counts", is_flag=True, help="Count all designs by verdict.")
    @click.option("--by", multiple=True, metavar="AXIS", help="Count at each place of an axis.")
    @click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
    @click.option("--engine", type=click.Choice(["c", "jit", "exact"]), help="Of the verdicts.")
    @click.option("--threads", type=click.IntRange(1), help="All cores if left out.")
    @aim_options
    @law  # type: ignore[arg-type]
    def space(
        file: str,
        output: str | None,
        format: str | None,
        rows: str | None,
        sample: int | None,
        seed: int | None,
        shard: str | None,
        columns_only: bool,
        counts: bool,
        by: tuple[str, ...],
        as_json: bool,
        engine: str | None,
        threads: int | None,
        **options: Any,
    ) -> None:
        """Describe the design space of FILE, count it (--census), write its designs (-o OUT), or
        find the best of them (--best, --frontier).

        FILE is TOML with [axes], [constants] and [quantities]: specs/spaces/ has examples."""
        if counts and (output or rows or sample):
            raise TppError(
                "--census counts all designs; expected no -o, --rows or --sample beside it"
            )
        if by and not counts:
            raise TppError("--by: expected --census beside it")
        if rows and sample:
            raise TppError("--rows and --sample; expected one of them")
        beside = {"--census": counts, "-o": output, "--rows": rows, "--sample": sample}
        asked = asked_of(options, {**beside, "--columns-only": columns_only, "--format": format})
        sampled = sample is not None or (asked is not None and asked.kind == "chances")
        if seed is not None and not sampled:
            raise TppError("--seed: expected --sample or --chances beside it")
        if (rows or sample or columns_only or format) and output is None:
            raise TppError("designs are written to a file: expected -o OUT, or -o - with --format")
        if as_json and output is not None:
            raise TppError("--json: expected no -o beside it")
        chosen = _space(file, shard)
        rules = rulebook(options)
        if asked is not None:
            click.echo(answer(asked, chosen, rules, seed, as_json))
        elif counts:
            _census(chosen, rules, by, as_json)
        elif output is None:
            _describe(chosen, rules, as_json)
        else:
            _write(
                chosen,
                None if columns_only else rules,
                rules,
                output,
                format,
                rows,
                sample,
                seed or 0,
                engine,
                threads,
            )

    return space


def _space(file: str, shard: str | None) -> Space:
    from tppcore.spaces.space import Space

    if not Path(file).is_file():
        raise TppError(f"{file}: no such file")
    space = Space.from_toml(file)
    if shard is None:
        return space
    i, slash, n = shard.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal()):
        raise TppError(f"--shard {shard}: expected I/N, such as 0/4")
    return space.shard(int(i), int(n))


def _range(text: str | None, size: int) -> tuple[int, int]:
    if text is None:
        return 0, size
    begin, dots, end = text.partition("..")
    first, last = begin or "0", end or str(size)
    if not (dots and first.isdecimal() and last.isdecimal()):
        raise TppError(f"--rows {text}: expected A..B, such as 0..1000")
    if not int(first) < int(last) <= size:
        raise TppError(f"--rows {text}: expected a part of 0..{size}")
    return int(first), int(last)


def _write(
    space: Space,
    asked: Rulebook | None,
    rules: Rulebook,
    output: str,
    format: str | None,
    rows: str | None,
    sample: int | None,
    seed: int,
    engine: str | None,
    threads: int | None,
) -> None:
    from tppcore import report
    from tppcore.engine.choose import choose
    from tppcore.sinks.blocks import format_of_blocks, write_blocks
    from tppcore.spaces.blocks import some
    from tppcore.spaces.classifying import check_places
    from tppcore.spaces.numbering import drawn

    _need_pyarrow()
    own = format_of_blocks(output, format) if output != "-" or format else "csv"
    if output == "-" and own not in ("csv", "jsonl"):
        raise TppError(f"{own} is not for standard output; expected -o FILE")
    if output != "-" and not Path(output).absolute().parent.is_dir():
        raise TppError(f"{output}: no such folder")
    check_places(space.design)
    about = report.about(rules, choose(engine))
    about["space"] = space.title
    first, last = _range(rows, space.size)
    if sample is not None:
        numbers = drawn(space.size, sample, seed)
        about |= {"sample": sample, "seed": seed}
        pieces = (numbers[i : i + _BLOCK] for i in range(0, sample, _BLOCK))
        tables: Iterator[Any] = (some(space.design, piece, asked) for piece in pieces)
        last = first + sample
    else:
        about["rows"] = f"{first}..{last}"
        tables = space.blocks(_BLOCK, asked, begin=first, end=last, engine=engine, threads=threads)
    with report.progress(f"writing {output}", last - first) as advance:
        write_blocks(tables, output, about, own, lambda table: advance(table.num_rows))


def _census(space: Space, rules: Rulebook, by: tuple[str, ...], as_json: bool) -> None:
    from tppcore import report
    from tppcore.space_text import census_text

    with report.busy(f"counting {space.size:,} designs"):
        found = space.census(rules, by)
    click.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else census_text(found))


def _describe(space: Space, rules: Rulebook, as_json: bool) -> None:
    from tppcore.space_text import described, description_text

    found = described(space, rules)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(description_text(found))


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise TppError("this needs pyarrow: pip install 'tppcore[files]'")
