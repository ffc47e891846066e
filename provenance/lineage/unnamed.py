"""Which of the models that parameters name no parent of a statement can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from provenance.wire.training import Parent

CHECKPOINT = re.compile(r"checkpoint-\d+")


def unexplained(
    names: Sequence[str], parents: Sequence[Parent], certain: Callable[[str], bool]
) -> list[str]:
    """Those of the names that are left over, where `parents` are those that nothing names.

    What is `certain` to be a repository may be a parent that was named by its digest alone. What
    may be a folder, as it has no owner that is known, may be any. A bare name, or a checkpoint of
    the run, says nothing.
    """
    said = [name for name in names if "/" in name and not CHECKPOINT.search(name)]
    sure = [name for name in said if certain(name)]
    nameless = sum(1 for parent in parents if not parent.repo)
    if len(sure) > nameless:
        return sure
    return said if len(said) > len(parents) else []
