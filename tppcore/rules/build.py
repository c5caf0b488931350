"""`specs/` compiled into one checked file, so that nothing parses TOML at start."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tppcore.errors import SpecError
from tppcore.rules.countries import CountryGroups
from tppcore.rules.expression import FormulaError
from tppcore.rules.instrument import check_references, load
from tppcore.rules.store import FORMAT
from tppcore.rules.tomlfile import TomlFile
from tppcore.rules.vocabulary import TOTALS, Vocabulary, item_metric


def compile_specs(specs: Path) -> dict[str, Any]:
    """Every file below `specs`, checked. Raises SpecError with file and line."""
    quantities = TomlFile(specs / "quantities.toml")
    metrics = TomlFile(specs / "metrics.toml")
    readings = TomlFile(specs / "readings.toml")
    countries = TomlFile(specs / "countries.toml")
    outcomes = TomlFile(specs / "outcomes.toml").data["outcomes"]
    vocabulary_data = {
        "formats": _entries(quantities, "format", {"name", "bits"}, {"note"}),
        "quantities": [
            *(
                {**each, "per_format": True}
                for each in _entries(quantities, "per_format", _QUANTITY, _QUANTITY_OPTIONAL)
            ),
            *_entries(quantities, "quantity", _QUANTITY, _QUANTITY_OPTIONAL),
        ],
        "metrics": _entries(
            metrics,
            "metric",
            {"name", "unit", "formula", "source"},
            {"title", "internal", "per_format", "symbol", "system"},
        ),
        "readings": [
            {**each, "alternatives": each.pop("alternative")}
            for each in _entries(
                readings, "reading", {"name", "question", "basis", "source", "alternative"}, set()
            )
        ],
    }
    vocabulary = Vocabulary(vocabulary_data)
    _check_formulas(quantities, metrics, readings, vocabulary)
    groups = CountryGroups(countries.data["group"])
    rules, files = {}, {}
    for path in sorted((specs / "rules").glob("*.toml")):
        file = TomlFile(path)
        rule = load(file, vocabulary.kind, groups, outcomes)
        rules[rule["id"]], files[rule["id"]] = rule, file
    for identity, file in files.items():
        check_references(file, rules[identity], rules)
    data = {
        "format": FORMAT,
        **vocabulary_data,
        "groups": countries.data["group"],
        "outcomes": outcomes,
        "notes": TomlFile(specs / "notes.toml").data["note"],
        "names": TomlFile(specs / "names.toml").data,
        "rules": rules,
        "chips": _rows(specs / "chips.csv"),
        "systems": _rows(specs / "systems.csv"),
        "mappings": {
            path.stem: path.read_text("utf-8")
            for path in sorted((specs / "mappings").glob("*.toml"))
        },
    }
    # One pass through JSON: dates become ISO text, and what is written is what is hashed.
    plain: dict[str, Any] = json.loads(json.dumps(data, default=str))
    plain["hash"] = content_hash(plain)
    return plain


def content_hash(data: Mapping[str, Any]) -> str:
    """SHA-256 of the data without its own hash, as hex."""
    text = json.dumps({k: v for k, v in data.items() if k != "hash"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write(specs: Path, out: Path) -> None:
    """Compile `specs` into the JSON file `out`."""
    data = compile_specs(specs)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False), "utf-8")


_QUANTITY = {"name", "meaning", "source"}
_QUANTITY_OPTIONAL = {
    *("kind", "title", "unit", "symbol", "rate", "positive", "internal", "absent", "words"),
    *(*TOTALS, "with_hosts", "densest", "within_ft3"),
}


def _entries(
    file: TomlFile, name: str, required: set[str], optional: set[str]
) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = file.data.get(name, [])
    for i, entry in enumerate(entries):
        for key in entry:
            if key not in required | optional:
                known = ", ".join(sorted(required | optional))
                raise file.fail((name, i, key), f"unknown key {key!r}; expected one of {known}")
        for key in required - set(entry):
            raise file.fail((name, i), f"missing {key}")
    return entries


def _check_formulas(
    quantities: TomlFile, metrics: TomlFile, readings: TomlFile, vocabulary: Vocabulary
) -> None:
    defaults = vocabulary.choose(None)
    formulas = vocabulary.formulas(defaults)
    systems = formulas.of_systems()
    for i, entry in enumerate(metrics.data["metric"]):
        for name in _names(entry, vocabulary):
            key = "formula"
            try:
                formulas.check(name)
                key = "system"
                if "system" in entry:
                    systems.check(name)
            except FormulaError as error:
                raise metrics.fail(("metric", i, key), str(error)) from None
    for kind in ("per_format", "quantity"):
        for i, entry in enumerate(quantities.data[kind]):
            for how in TOTALS:
                for name in _names(entry, vocabulary) if how in entry else ():
                    try:
                        formulas.check(item_metric(name))
                    except FormulaError as error:
                        raise quantities.fail((kind, i, how), str(error)) from None
    for i, reading in enumerate(vocabulary.readings.values()):
        for alternative in reading.alternatives:
            chosen = vocabulary.formulas({**defaults, reading.name: alternative.name})
            try:
                chosen.check()
                unknown = set(alternative.formula) - set(vocabulary.metrics)
                unknown |= set(alternative.leave_out) - set(vocabulary.formats)
            except FormulaError as error:
                raise readings.fail(("reading", i), str(error)) from None
            if unknown:
                raise readings.fail(("reading", i), f"no metric or format {sorted(unknown)}")


def _names(entry: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """The names that one entry of quantities or metrics stands for."""
    name = entry["name"]
    if "{format}" in name:
        return [name.format(format=each) for each in vocabulary.formats]
    return [f"{name}_{each}" for each in vocabulary.formats] if "per_format" in entry else [name]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise SpecError(path, reader.line_num, "wrong number of cells")
            rows.append({name: cell for name, cell in row.items() if cell != ""})
    return rows


if __name__ == "__main__":
    import sys

    try:
        write(Path(sys.argv[1]), Path(sys.argv[2]))
    except SpecError as error:
        sys.exit(str(error))
