"""Which names of models may be those of folders, and which no parent of a statement can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from provenance.wire.training import Parent

CHECKPOINT = re.compile(r"/checkpoint-\d+$")


def may_be_folder(name: str) -> bool:
    """Whether a name that no Hub has is perhaps that of a folder: every repository of a Hub has an
    owner before its name today, and what is called like a checkpoint is one."""
    return "/" not in name or CHECKPOINT.search(name) is not None


def unexplained(
    names: Sequence[str], parents: Sequence[Parent], certain: Callable[[str], bool]
) -> list[str]:
    """Those of the names that are left over, where `parents` are those that nothing names.

    What is `certain` to be a repository may be a parent that was named by its digest alone. What
    may be a folder, as it has no owner that is known, may be any. A bare name, or a checkpoint of
    the run, says nothing.
    """
    said = [name for name in names if not may_be_folder(name)]
    sure = [name for name in said if certain(name)]
    nameless = sum(1 for parent in parents if not parent.repo)
    if len(sure) > nameless:
        return sure
    return said if len(said) > len(parents) else []
