"""Rows to Parquet and back: one file, one row group."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from provenance.errors import SourceError

TEXT, FLAG, NUMBER = pyarrow.string(), pyarrow.bool_(), pyarrow.int64()
TEXTS, NUMBERS = pyarrow.list_(TEXT), pyarrow.list_(NUMBER)
Columns = Mapping[str, pyarrow.DataType]

EVIDENCE: Columns = {
    "ref": TEXT,
    "name": TEXT,
    "repo": TEXT,
    "commit": TEXT,
    "manifest": TEXT,
    "gathered_at": TEXT,
    "basis": TEXT,
    "version": TEXT,
    "missing": TEXT,
    "evidence": TEXT,
}
"""`missing` is why a model was not gathered; then there is no evidence."""
OLDER: Columns = {"at": TEXT}
"""What `gathered_at` was called before: SQL has that word for itself."""
EDGES: Columns = {
    "ref": TEXT,
    "child": TEXT,
    "parent": TEXT,
    "relation": TEXT,
    "word": TEXT,
}
FILES: Columns = {"ref": TEXT, "path": TEXT, "size": NUMBER, "sha256": TEXT}
VERDICTS: Columns = {
    "ref": TEXT,
    "name": TEXT,
    "repo": TEXT,
    "commit": TEXT,
    "manifest": TEXT,
    "profile": TEXT,
    "result": TEXT,
    "reason": TEXT,
    "rules": TEXTS,
    "signers": TEXTS,
    "findings": TEXT,
    "bundles": FLAG,
    "asked": NUMBERS,
}
"""`rules` are those that decide, `asked` what the registry was asked about and the days that count,
as numbers."""
RUNS: Columns = {"run": TEXT, "judged_at": TEXT, "version": TEXT}
Row = dict[str, Any]


def packed(rows: Sequence[Row], columns: Columns) -> bytes:
    """The rows as a file of Parquet."""
    stream = io.BytesIO()
    table = pyarrow.Table.from_pylist(list(rows), schema=pyarrow.schema(list(columns.items())))
    parquet.write_table(table, stream, compression="zstd", row_group_size=max(1, len(rows)))
    return stream.getvalue()


def unpacked(source: bytes | Path, columns: Iterable[str] | None = None) -> list[Row]:
    """The rows of a file of Parquet, or SourceError."""
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        # A part is small, and a process that ends while Arrow starts threads may end by abort.
        named = list(columns) if columns else None
        table = parquet.ParquetFile(stream).read(columns=named, use_threads=False)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        said = str(error).partition("\n")[0][:200]
        raise SourceError(f"{stream}: no file of Parquet that can be read: {said}") from None
    rows: list[Row] = table.to_pylist()
    return rows
