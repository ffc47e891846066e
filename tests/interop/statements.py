"""Training statements in a folder: read by others, and made anew by whoever cheats."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Message
from sigstore_models.bundle.v1 import Bundle

from provenance.keys import PrivateKey
from tests import forge

CLAIMS = "claims.jsonl"
Table = dict[str, Any]


def statements(folder: Path) -> dict[str, Table]:
    """The statements in a folder by the model that each is about."""
    found = map(statement_in, (folder / CLAIMS).read_text().splitlines())
    return {model_of(one): one for one in found}


def statement_in(line: str) -> Table:
    """What was signed in a bundle."""
    envelope = json.loads(line)["dsseEnvelope"]
    found: Table = json.loads(base64.b64decode(envelope["payload"]))
    return found


def model_of(statement: Table) -> str:
    """The model that a statement is about."""
    return str(statement["predicate"]["buildDefinition"]["externalParameters"]["model"])


def went_in(statement: Table) -> list[Table]:
    """What a statement says went in: parents, their files, materials."""
    found: list[Table] = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return found


def read_by_others(line: str) -> Provenance:
    """The predicate as in-toto's own reader has it, of a bundle that Sigstore's models take."""
    Bundle.from_json(line)
    statement = statement_in(line)
    whole = ParseDict(statement, Message())
    Statement.copy_from_pb(whole).validate()
    return ParseDict(statement["predicate"], Provenance())


def told_again(
    folder: Path, model: str, key: Path, change: Callable[[Table], Mapping[str, object]]
) -> None:
    """The statement about `model` in a folder has other values at these paths, and `key` signed."""
    private = PrivateKey.from_pem(key.read_bytes())

    def changed(line: str) -> str:
        found = statement_in(line)
        if model_of(found) != model:
            return line
        return json.dumps(
            forge.bundle_of(found, forge.TufKey(key=private, statement=change(found)))
        )

    rewritten(folder, changed)


def untold(folder: Path, model: str) -> None:
    """No statement in a folder is about `model` any more."""
    rewritten(folder, lambda line: "" if model_of(statement_in(line)) == model else line)


def rewritten(folder: Path, change: Callable[[str], str]) -> None:
    """Each line of the statements in a folder is what `change` makes of it, or not there."""
    lines = map(change, (folder / CLAIMS).read_text().splitlines())
    (folder / CLAIMS).write_text("".join(f"{line}\n" for line in lines if line))
