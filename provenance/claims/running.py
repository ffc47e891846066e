"""Files that are code, or command code, by their name or content alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from provenance.claims.claim import CodeClaim
from provenance.formats.names import folder_of, is_requirements, name_of, suffix_of, words
from provenance.formats.parsed import Parsed
from provenance.model import Kind

NATIVE = words(
    ".cubin .dll .dylib .egg .exe .hsaco .jar .ko .metallib .node .ptx .pyc .pyd .pyo .pyz .so"
    " .spv .wasm .whl .xclbin"
)
ENGINES = words(".aoti .engine .neff .plan .trt .vmfb")
"""What a compiler made for one machine: TensorRT's may hold plugins, which are libraries."""
KERNEL = re.compile(r"build/torch[\w-]*/.+")
"""Where the repository of a kernel has what was built for one system (kernels 0.18)."""
VERSIONED = re.compile(r".+\.so(\.\d+)+")
PYTHON = frozenset({".py", ".pyw", ".pyx"})
SCRIPTS = frozenset({".sh", ".bash", ".bat", ".cmd", ".ps1"})
RUNS = frozenset({"auto-map", "module", "pipeline", "python-file"})
"""What is claimed of code whose requirements somebody installs, or asks for."""
SHOWN = 4


def by_itself(file: Parsed) -> CodeClaim | None:
    """What the file is, if it is code whatever else stands in it."""
    path, suffix, kind = file.path, suffix_of(file.path), file.content.kind
    if kind is Kind.EXECUTABLE or suffix in NATIVE or VERSIONED.fullmatch(name_of(path)):
        detail = f"a program, library or compiled code{_of_kernel(path)}"
        return CodeClaim(path=path, code="native", detail=detail)
    if suffix in ENGINES:
        detail = "an engine: compiled code for one machine, and the plugins that it brings"
        return CodeClaim(path=path, code="native", detail=detail)
    if suffix in PYTHON:
        detail = f"Python code{_of_kernel(path)}"
        return CodeClaim(path=path, code="python-file", detail=detail, target=path)
    if kind is Kind.SCRIPT or suffix in SCRIPTS:
        return CodeClaim(path=path, code="script", detail="a script", target=path)
    return None


def _of_kernel(path: str) -> str:
    return ", of a kernel's build" if KERNEL.fullmatch(path) else ""


def requirements(files: Mapping[str, Parsed], found: Iterable[CodeClaim]) -> Iterator[CodeClaim]:
    """The lists of packages in a folder that holds code, or whose folders do.

    Their lines are installed where the code is served, or somebody is told to install them.
    """
    code = sorted({claim.target or claim.path for claim in found if claim.code in RUNS})
    for path, file in files.items():
        if is_requirements(path) and _is_above(folder_of(path), code):
            detail = f"lists packages to install beside the code: {_lines(file)}"
            yield CodeClaim(path=path, code="requirements", detail=detail, target=path)


def _is_above(folder: str, paths: Sequence[str]) -> bool:
    """Whether one of the sorted paths lies in the folder, or below it."""
    place = bisect_left(paths, folder)
    return place < len(paths) and paths[place].startswith(folder)


def _lines(file: Parsed) -> str:
    if not file.content.head:
        return "its lines were not read"
    text = file.content.head.decode("utf-8", "replace")
    found = [line.strip() for line in text.splitlines()]
    kept = [line for line in found if line and not line.startswith("#")]
    more = f", and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
    return ", ".join(f"{line[:80]!r}" for line in kept[:SHOWN]) + more or "none"
