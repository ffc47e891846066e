"""Training statements: SLSA Provenance v1 with the build type of this project.

What each field must hold, and the attack behind it, is in attestations/README.md. A statement of
another build type proves nothing about lineage.
"""

from provenance.wire.intoto import MOMENT
from provenance.wire.training.reading import FOREIGN, is_training, step
from provenance.wire.training.step import (
    ADAPTER,
    BUILD_TYPE,
    MANIFEST,
    PURL,
    RELATIONS,
    Material,
    MaterialKind,
    Method,
    Parent,
    Step,
)
from provenance.wire.training.writing import statement

__all__ = [
    "ADAPTER",
    "BUILD_TYPE",
    "FOREIGN",
    "MANIFEST",
    "MOMENT",
    "PURL",
    "RELATIONS",
    "Material",
    "MaterialKind",
    "Method",
    "Parent",
    "Step",
    "is_training",
    "statement",
    "step",
]
