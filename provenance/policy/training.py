"""`[policy.training]`: what every attested step of a model's history must state."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from provenance.formats.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingDemands:
    """What is asked of each statement about a step; nothing is unless it is said.

    `data_pinned` asks for a digest or a revision of each data set, `code_clean` for a commit of the
    code without changes beside it, `parameters` and `environment` that they are stated,
    `verified_parents` that whoever attests verified them, `timestamp` for a time that a trusted
    log or authority vouches for.
    """

    data_pinned: bool = False
    code_clean: bool = False
    parameters: bool = False
    environment: bool = False
    verified_parents: bool = False
    timestamp: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The demands that are made, each as it is spelled."""
        return frozenset(name for name, asked in asdict(self).items() if asked)


NO_DEMANDS = TrainingDemands()


def read_training(fields: Fields) -> TrainingDemands:
    """The table; ConfigError for a demand that this version does not know."""
    demands = TrainingDemands(
        **{name: fields.flag(name, False) for name in TrainingDemands.__slots__}
    )
    fields.end()
    return demands
