"""Straight-line code as text, for libraries whose language is text: SQL and numexpr."""

from __future__ import annotations

from collections.abc import Mapping

from tppcore.benchmark.straight import Straight

SQL = {"and": " and ", "or": " or ", "not": "(not {})", "max": "greatest({}, {})"}
NUMEXPR = {"and": " & ", "or": " | ", "not": "(~{})", "max": "where({0} > {1}, {0}, {1})"}


def text(code: Straight, index: int, names: Mapping[int, str], forms: Mapping[str, str]) -> str:
    """One step written out down to columns, and to the steps that have a name."""
    if index in names:
        return names[index]
    step = code.steps[index]
    if step.op in ("and", "or"):
        items = _items(code, index, names)
        return f"({forms[step.op].join(text(code, item, names, forms) for item in items)})"
    args = [text(code, arg, names, forms) for arg in step.args]
    match step.op:
        case "input" | "flag":
            return step.name
        case "number":
            return repr(step.value)
        case "true" | "false":
            return step.op
        case ">=" | ">" | "<" | "<=":
            return f"({args[0]} {step.op} {step.value!r})"
        case "+" | "*" | "/":
            return f"({args[0]} {step.op} {args[1]})"
    return forms[step.op].format(*args)


def _items(code: Straight, index: int, names: Mapping[int, str]) -> list[int]:
    """What a chain of one operation joins."""
    found = []
    for arg in code.steps[index].args:
        same = code.steps[arg].op == code.steps[index].op and arg not in names
        found += _items(code, arg, names) if same else [arg]
    return found
