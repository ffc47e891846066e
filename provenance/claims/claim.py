"""What one place says: of code that a loader would run, of a model's parents, of its making."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeClaim:
    """One place that makes a loader run code: `code` is the rule's slug, `target` a local file.

    `target` is the path of the one file that would run, where a digest can settle which bytes it
    has; empty where none can. `elsewhere` is the repository that it would be fetched from,
    and `module` the file there.
    """

    path: str
    code: str
    detail: str
    target: str = ""
    elsewhere: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryClass:
    """A class of a loader's own library that the file at `path` makes its loader build."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Something that stands in a file, on a line where that is known."""

    path: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The file and line, as an editor opens it."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentClaim(Placed):
    """One place that names a parent: the file (or `the Hub`), the key there, the text as written.

    `line` counts from 1 where the text stands in the file. `repo` is the text as a name that a Hub
    may know: `org/name`, or a bare name of old. Without one, `reason` says why not, and `likely`
    is the name that was probably meant, if one can be guessed. `relation` is a word of the Hub:
    finetune, adapter, quantized, merge. A `hint` is what a program left behind, not what anybody
    declared; what is `spoken` stands in the sentences of a card. `part` is the part of the model
    that comes from there (`vision_config`, `unet`, a folder), empty for the whole; `of` names the
    repository whose parent it is, where that is not the model itself. A `recipe` tells how a run
    was set up, or stands below the front matter of a card: what the files are it does not say.
    """

    key: str
    text: str
    repo: str | None = None
    revision: str | None = None
    relation: str | None = None
    reason: str = ""
    likely: str = ""
    hint: bool = False
    part: str = ""
    of: str = ""
    spoken: bool = False
    recipe: bool = False

    @property
    def in_passing(self) -> bool:
        """Whether it may speak of the model itself without meaning a parent."""
        return self.hint or self.spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodClaim(Placed):
    """One place that says how the model was trained.

    `methods` are all that it can mean, one at least. A `trace` is what a trainer left behind. It is
    not `known` where the method is only the name of a trainer that no table has.
    """

    key: str
    methods: frozenset[str]
    trace: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention(Placed):
    """Words of a card that name a model in no form that is read as a parent: a hint, no more.

    `repo` is the model that they name.
    """

    quote: str
    repo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestClaim:
    """One place that gives the digest of a file the model was made from, and no name for it."""

    path: str
    key: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file that may speak of parents, and why it could not be read."""

    path: str
    detail: str


Claim = ParentClaim | MethodClaim | DigestClaim | Mention | Unread
