"""Weights with what they are for: the table of names beside what a model's files hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.weights.forms.packings import Weight
from provenance.weights.names import Known, Meaning, Use, meanings, role_in
from provenance.weights.roles import Numbers, role_of

WRITES = re.compile(
    r"(?:^|[._])(?:o_proj|out_proj|down_proj|dense_4h_to_h|wo|w2|c_proj|fc2|fc_out|proj"
    r"|attn_output|ffn_down|lin2|out_lin|output\.dense|attention\.dense|o)(?:\.|_exps\.|$)"
)
"""How names that the table does not know end, of what projects back to the stream."""
CONVOLUTIONS = ("c_attn", "c_fc", "c_proj", "q_attn")
"""What GPT-2 and its kin call matrices that they may store as [input, output]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A matrix in a weight, or each of `count` matrices of one shape in it; `high` and `wide` are
    the lines and columns of all of them."""

    weight: Weight
    known: Known
    group: str
    role: str
    numbers: Numbers
    layered: bool
    form: str = ""
    rows: int = 0
    columns: int = 0
    count: int = 1
    high: int = 0
    wide: int = 0
    first: int = 0
    left: int = 0
    axis: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def family(self) -> str:
        """Matrices that one program stores alike, inputs or outputs first; empty if its name says
        nothing of that."""
        if self.count > 1 and self.form == "plain":
            return "stack"
        words = self.weight.name.removesuffix(".weight").rpartition(".")
        return "convolution" if words[2] in CONVOLUTIONS else ""


def pieces(weights: Sequence[Weight]) -> list[Piece]:
    """Every weight with its role, its shape not looked at yet."""
    spelled = [role_of(w.name, w.main.path.rpartition("/")[0]) for w in weights]
    known = meanings(role for role, _ in spelled)
    single = len({m.group for m in known.values() if m.layered}) <= 1
    roles = {role: role_in(meaning, single) for role, meaning in known.items()}
    heads = _heads(roles, known)
    return [
        _piece(weight, known[role], heads.get(role, roles[role]), numbers, single)
        for weight, (role, numbers) in zip(weights, spelled, strict=True)
    ]


def _heads(roles: dict[str, str], known: dict[str, Meaning]) -> dict[str, str]:
    """The roles of heads that are kept in place of the table that they are tied to."""
    modules = {meaning.module for meaning in known.values()}
    if "embed_tokens" in modules:
        return {}
    tied = (role for role, meaning in known.items() if meaning.module == "lm_head")
    return {role: roles[role].replace("lm_head", "embed_tokens") for role in tied}


def _piece(weight: Weight, said: Meaning, role: str, numbers: Numbers, single: bool) -> Piece:
    known = said.known
    if known.use is Use.UNKNOWN and WRITES.search(known.role):
        known = Known(role=known.role, use=Use.WRITES)
    return Piece(
        weight=weight,
        known=known,
        group="" if single else said.group,
        role=role,
        numbers=numbers[said.before if single else 0 : said.before + said.kept],
        layered=said.layered,
    )
