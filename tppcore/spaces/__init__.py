"""Floor 5: design spaces under the law: classified, counted, and their best designs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tppcore.spaces.space import Space


def of(data: Any) -> Space | None:
    """The space, if that is what `data` is; what a space needs is not loaded for anything else."""
    if type(data).__name__ != "Space":
        return None
    from tppcore.spaces.space import Space

    return data if isinstance(data, Space) else None
