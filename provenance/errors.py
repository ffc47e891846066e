"""Everything this package raises on purpose.

ProvenanceError
├── ConfigError     what the caller wrote is wrong: carries the path into their file
│   └── Unselected  what the caller selects of a model is nothing
├── SourceError     something could not be read: says nothing about the model
│   ├── Absent      a Hub has no such thing, or does not show it to us
│   └── Unserved    a Hub does not answer questions of this kind
├── OutOfDate       the lockfile does not answer what provenance.toml asks for
├── TrustError      there is nothing to judge by: no usable trust root or registry
├── RegistryRefused the signatures, versions or dates of a registry do not hold
└── Malformed       bytes are not what they claim to be: evidence, never shown as a crash
Rejected            nothing went wrong: the answer is no
"""

from __future__ import annotations

from collections.abc import Sequence

NO_REVISION = "RevisionNotFound"
"""The code of a Hub, or store, that has a model and not the revision that is asked for."""


class ProvenanceError(Exception):
    """The root of every error that is this package's own."""


class ConfigError(ProvenanceError):
    """What the caller wrote cannot be used; `path` leads to the place in their file."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


class Unselected(ConfigError):
    """The caller's `include` and `exclude` leave nothing of a model, or name what is not in it."""


class SourceError(ProvenanceError):
    """A model, file or service could not be read."""


class Absent(SourceError):
    """A Hub has no such repository, revision or file, or does not show it; `code` is its word."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @property
    def is_revision(self) -> bool:
        """Whether the Hub has the repository, and not the branch, tag or commit."""
        return self.code == NO_REVISION


class Unserved(SourceError):
    """A Hub, or a mirror of one, does not serve this kind of question."""


class OutOfDate(ProvenanceError):
    """The lockfile does not answer what provenance.toml asks for; `reasons` say where."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class TrustError(ProvenanceError):
    """No trust root, or one that cannot be used."""


class RegistryRefused(ProvenanceError):
    """A registry is not what its root vouches for, or no longer: nothing passes by it.

    `rule` is the one whose words the manual has.
    """

    rule = "registry/refused"


MALFORMED = "malformed"


class Malformed(ProvenanceError):
    """Bytes do not have the form they claim; whoever gathers or judges makes it a finding.

    `slug` is the last part of a rule id, where the reader knows which rule was broken.
    """

    def __init__(self, message: str, *, slug: str = MALFORMED) -> None:
        super().__init__(message)
        self.slug = slug


class Rejected(Exception):
    """The model was judged, and the answer is no."""
