"""The command `tppcore`: classify files, explain chips, look at the rules and the catalogue.

Exit codes: 0 done, 2 bad input, 1 anything else. Errors are one line on standard error. What a
command does not need (pyarrow, rich) is imported where it is used, so that `explain` answers at
once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tppcore.cli_options import readings_of
from tppcore.errors import TppError
from tppcore.version import __version__

try:
    import click
except ImportError:
    sys.exit("tppcore: the command line needs click and rich: pip install 'tppcore[cli]'")

DONE, OTHER, BAD_INPUT = 0, 1, 2
_RULES = ("--rules", "--from-rules", "--to-rules")
_RULE_FILES = ("--rule-file", "--to-rule-file")

F = TypeVar("F", bound=Callable[..., Any])


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"tppcore: {' '.join(message.split())}\n")
    sys.exit(code)


class _Commands(click.Group):
    """A group that ends with the exit codes above."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        run: Any = super().main
        try:
            code = run(*args, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            _fail(error.format_message(), BAD_INPUT)
        except TppError as error:
            _fail(str(error), BAD_INPUT)
        except BrokenPipeError:
            # The reader has gone; Python must not complain again when it flushes at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(OTHER)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted", OTHER)
        except Exception as error:
            if os.environ.get("TPPCORE_TRACEBACK"):
                raise
            _fail(f"{type(error).__name__}: {error} (TPPCORE_TRACEBACK=1 says where)", OTHER)
        sys.exit(code if isinstance(code, int) else DONE)


class _Default(click.Group):
    """A group whose first word may be left out: `rules us-3a090` is `rules show us-3a090`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


class _Many(click.Command):
    """A command whose `--rules` takes all the ids that follow it, as do those of two sides."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from tppcore.rules.store import specs

        own = {Path(arg).stem for before, arg in pairwise(args) if before in _RULE_FILES}
        known = own | set(specs().rules)
        spread: list[str] = []
        taking = ""
        for before, arg in zip(["", *args], args, strict=False):
            if before not in _RULES:
                if arg in _RULES or arg.partition("/")[0] not in known:
                    taking = arg if arg in _RULES else ""
                elif taking:
                    spread.append(taking)
            spread.append(arg)
        return super().parse_args(ctx, spread)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="tppcore %(version)s")
def cli() -> None:
    """Compute what export-control law computes about chips, and say on which side they stand."""


def _law(command: F) -> F:
    """The options that select the law."""
    for option in reversed(
        (
            click.option("--as-of", metavar="DATE", help="The law of this day; today if left out."),
            click.option("--destination", metavar="CC", help="ISO country code, such as CN."),
            click.option(
                "--rules", "only", multiple=True, metavar="ID ...", help="Only these rules."
            ),
            click.option("--status", multiple=True, help="Statuses to admit, or all."),
            click.option(
                "--reading", multiple=True, metavar="NAME=VALUE", help="An open question."
            ),
            click.option("--rule-file", multiple=True, metavar="FILE", help="A rule of your own."),
        )
    ):
        command = option(command)
    return command


def _rulebook(law: Mapping[str, Any]) -> Any:
    from tppcore.rules.rulebook import rulebook

    return rulebook(
        as_of=law["as_of"],
        destination=law["destination"],
        rules=[each for text in law["only"] for each in text.split(",")] or None,
        status=list(law["status"]) or None,
        readings=readings_of(law["reading"]),
        files=law["rule_file"],
    )


@cli.command(cls=_Many)
@click.argument("name", nargs=-1)
@click.option("--tops", multiple=True, metavar="FORMAT=TOPS", help="A dense peak rate: fp8=1979.")
@click.option("--die-area", metavar="MM2", help="Applicable die area; a range is 300..600.")
@click.option("--dram", metavar="GB/S", help="Bandwidth of the DRAM; 0 for none.")
@click.option("--dram-gb", metavar="GB", help="Capacity of the DRAM.")
@click.option("--interconnect", metavar="GB/S", help="Links to accelerators, both directions.")
@click.option("--host", metavar="GB/S", help="Host interface, both directions.")
@click.option("--tdp", metavar="W", help="Thermal design power.")
@click.option("--transistors", metavar="BN", help="Transistors, in billions.")
@click.option("--ics-per-item", metavar="N", help="Equal circuits on the item.")
@click.option("--datacenter/--no-datacenter", default=None, help="Marketed for datacenters.")
@click.option("--set", "others", multiple=True, metavar="QUANTITY=VALUE", help="Any quantity.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@_law
def explain(
    name: tuple[str, ...],
    tops: tuple[str, ...],
    die_area: str | None,
    dram: str | None,
    dram_gb: str | None,
    interconnect: str | None,
    host: str | None,
    tdp: str | None,
    transistors: str | None,
    ics_per_item: str | None,
    datacenter: bool | None,
    others: tuple[str, ...],
    as_json: bool,
    **law: Any,
) -> None:
    """Explain every paragraph and test for the chip or system NAME, or for a chip given by its
    figures."""
    from tppcore.explanation import explain as explained
    from tppcore.sources.chips import Chip
    from tppcore.sources.systems import named

    figures: dict[str, Any] = {
        "die_area_mm2": die_area,
        "dram_gb_s": dram,
        "dram_gb": dram_gb,
        "interconnect_gb_s": interconnect,
        "host_gb_s": host,
        "tdp_w": tdp,
        "transistors_bn": transistors,
        "ics_per_item": ics_per_item,
    }
    figures = {quantity: text for quantity, text in figures.items() if text is not None}
    figures.update(_pairs(others, "--set", "dram_gb_s=4800"))
    rates = _pairs(tops, "--tops", "fp8=1979")
    figures.update({f"tops_{format.lower()}": text for format, text in rates.items()})
    stated: dict[str, Any] = {
        quantity: _figure(quantity, text) for quantity, text in figures.items()
    }
    if datacenter is not None:
        stated["datacenter"] = datacenter
    if not name and not stated:
        raise TppError("explain: nothing to explain; expected a NAME, or figures such as --tops")
    title = " ".join(name)
    rules = _rulebook(law)
    chip = Chip(title or None, **stated) if stated else named(title)
    answer = explained(chip, rules)
    click.echo(json.dumps(answer.to_dict(), ensure_ascii=False) if as_json else str(answer))


def _pairs(texts: Sequence[str], option: str, example: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise TppError(f"{option} {text}: expected NAME=VALUE, such as {example}")
        if name in pairs:
            raise TppError(f"{option} {text}: {name} stands there twice; expected each once")
        pairs[name] = value
    return pairs


def _figure(quantity: str, text: str) -> Any:
    """What a person wrote for a quantity: a number, one end or both of a range, a word, a date."""
    from tppcore.rules.store import specs
    from tppcore.rules.vocabulary import nearest

    spec = specs().vocabulary.quantities.get(quantity)
    if spec is None or spec.internal:
        known = specs().vocabulary.quantities
        raise TppError(f"unknown quantity {quantity!r}; {nearest(quantity, known)}")
    if spec.kind != "number":
        return text
    if ".." in text:
        low, _, high = text.partition("..")
        return tuple(_number(quantity, end) if end else None for end in (low, high))
    return _number(quantity, text)


def _number(quantity: str, text: str) -> float:
    from tppcore.sources.decimals import double, exact

    value = exact(text, quantity)
    if value is None:
        raise TppError(f"{quantity}: {text!r}; expected a number")
    return double(value, quantity)


@cli.group(cls=_Default)
def rules() -> None:
    """List the rules and show one (rules [ID]); check rule files; compare two dates."""


@rules.command("show")
@click.argument("identity", metavar="[ID]", required=False)
@click.option("--as-of", metavar="DATE", help="The versions of this day; today if left out.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def rules_show(identity: str | None, as_of: str | None, as_json: bool) -> None:
    """List the rules, or show one: its versions, paragraphs, tests and sources."""
    from tppcore import law

    if as_json:
        click.echo(json.dumps(law.data(identity, as_of), ensure_ascii=False))
    elif identity is None:
        from tppcore import report

        report.print_table(*law.listing(as_of))
    else:
        click.echo(law.text(identity, as_of))


@rules.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def rules_check(files: tuple[str, ...]) -> None:
    """Check rule files: ok, or what is wrong and where."""
    from tppcore import law

    errors = law.check([Path(file) for file in files])
    for error in errors:
        click.echo(f"tppcore: {error}", err=True)
    wrong = {error.file for error in errors}
    for file in files:
        if Path(file).name not in wrong:
            click.echo(f"{file}: ok")
    if errors:
        sys.exit(BAD_INPUT)


@rules.command("diff")
@click.argument("identity", metavar="ID")
@click.argument("before", metavar="DATE")
@click.argument("after", metavar="DATE")
def rules_diff(identity: str, before: str, after: str) -> None:
    """What changed in a rule between two dates: paragraphs and tests added, removed, changed."""
    from tppcore import law

    click.echo(law.difference(identity, before, after))


@cli.command()
@click.argument("pattern", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def chips(pattern: str | None, as_json: bool) -> None:
    """List the chips of the catalogue, all or those with PATTERN in their name."""
    _catalogue("chips", pattern, as_json)


@cli.command()
@click.argument("pattern", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def systems(pattern: str | None, as_json: bool) -> None:
    """List the systems of the catalogue, all or those with PATTERN in their name."""
    _catalogue("systems", pattern, as_json)


def _catalogue(what: str, pattern: str | None, as_json: bool) -> None:
    from tppcore import report
    from tppcore.rules.store import specs

    rows = [
        row
        for row in specs().data[what]
        if pattern is None or pattern.lower() in report.full_name(row).lower()
    ]
    if not rows:
        raise TppError(f"no {what} with {pattern!r} in their name; expected one of tppcore {what}")
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        report.print_table(*report.listing(what, rows))


@cli.command()
@click.option("--rows", type=click.IntRange(1), default=2_000_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="All cores if left out.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def bench(rows: int, rounds: int, threads: int | None, as_json: bool) -> None:
    """Measure the engines, NumPy and the memory of this machine, in some seconds."""
    from tppcore import report
    from tppcore.benchmark import small

    with report.busy(f"measuring {rows:,} rows"):
        found = small.measure(rows, rounds, threads)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("; ".join(f"{name} {value}" for name, value in found["machine"].items()))
        report.print_table(*small.table(found))


from tppcore.cli_classify import classify_command  # noqa: E402  (they need click too)
from tppcore.cli_compare import compare_command  # noqa: E402
from tppcore.cli_compile import compile_command  # noqa: E402
from tppcore.cli_edges import edges_group  # noqa: E402
from tppcore.cli_headroom import headroom_command  # noqa: E402
from tppcore.cli_ledger import ledger_command  # noqa: E402
from tppcore.cli_migrate import migrate_command  # noqa: E402
from tppcore.cli_space import space_command  # noqa: E402
from tppcore.cli_sql import sql_command  # noqa: E402

cli.add_command(classify_command(_law, _rulebook, _Many))
cli.add_command(compare_command)
cli.add_command(edges_group(_law, _rulebook, _Many))
cli.add_command(headroom_command(_law, _rulebook, _Many))
cli.add_command(compile_command(_law, _rulebook, _Many))
cli.add_command(ledger_command)
cli.add_command(space_command(_law, _rulebook, _Many))
cli.add_command(migrate_command(_law, _rulebook, _Many))
cli.add_command(sql_command(_law, _rulebook, _Many))


def main() -> NoReturn:
    """The entry point of the command."""
    cli(prog_name="tppcore")
    raise AssertionError("unreachable")


if __name__ == "__main__":
    main()
