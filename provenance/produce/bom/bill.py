"""What a bill of materials is about: models, their files and licences, and how they were made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from provenance.lineage import Graph, Made
from provenance.lock import Entry, LockedParent
from provenance.model import Manifest

NO_FILES = Manifest.of(())
TEXT = re.compile(r"(LICEN[CS]E|COPYING)([-._][^/]*)?", re.IGNORECASE)
"""The name of a file that has the text of a licence."""
NOT_MEASURED = "files: their bytes were not measured"
NO_LICENCE = "licence: no card that was read states one"
NOBODY_ATTESTED = "training: nobody whom the registry knows attests how it was made"
NOT_LOOKED_AT = "training: its directory was not named, so no statement was read"
NO_DATA = "data: the statement of its training names none"


def spelled(text: str) -> str:
    """The text with whatever no reader would see spelled out; two texts stay two."""
    seen = (c if c.isprintable() and c != "\\" else ascii(c)[1:-1] for c in text.strip())
    return "".join(seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """One model. `graph` is its lineage where its directory was at hand, `licences` as its card
    has them; of one that was not `measured` no file is listed."""

    entry: Entry
    measured: bool = True
    licences: tuple[str, ...] = ()
    graph: Graph | None = None

    @property
    def ref(self) -> str:
        """What the document calls it."""
        return spelled(f"model:{self.entry.name}")

    @property
    def steps(self) -> tuple[Made, ...]:
        """What was attested of its making and of its ancestors'."""
        return self.graph.made if self.graph else ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is not known of it, one a sentence."""
        return tuple(self._unknown())

    @property
    def whole(self) -> str:
        """Whether all its files are listed, as `compositions` has it."""
        if not self.measured:
            return "unknown"
        return "incomplete" if self.entry.include or self.entry.exclude else "complete"

    def _unknown(self) -> Iterator[str]:
        if not self.measured:
            yield NOT_MEASURED
        if not self.licences:
            texts = ", ".join(f.path for f in self.entry.files.files if TEXT.fullmatch(f.path))
            yield f"{NO_LICENCE}; not read: {texts}" if texts else NO_LICENCE
        if self.graph is None:
            yield NOT_LOOKED_AT
            return
        own = self.graph.made_of.get(self.graph.model, ())
        if not own:
            yield NOBODY_ATTESTED
        elif not any(one.kind == "dataset" for made in own for one in made.step.materials):
            yield NO_DATA
        for lost in self.graph.unresolved:
            yield f"ancestor: {lost.text or 'one is stated'} leads nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All of it: `brought` is what loaders fetch for the models, `above` what is locked of their
    ancestors. `author` is who answers for the document, empty where nobody says."""

    models: tuple[Billed, ...]
    at: datetime
    author: str = ""
    brought: tuple[Entry, ...] = ()
    above: tuple[Entry, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The names of the models whose bytes were not measured."""
        return tuple(one.entry.name for one in self.models if not one.measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A model that others descend from: a repository, at a commit if one is known, or files that
    were never published, by their manifest. `files` are those whose digests are known."""

    repo: str
    commit: str = ""
    manifest: str = ""
    files: Manifest = NO_FILES
    root: bool = False
    attested: bool = False

    @property
    def ref(self) -> str:
        """What the document calls it: one model has one name, whoever descends from it."""
        if self.commit:
            return spelled(f"ancestor:{self.repo}@{self.commit}")
        return spelled(f"ancestor:{self.manifest or self.repo}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """That one model descends from another, by what the document calls them: who says so, and how
    well that is known."""

    child: str
    parent: str
    relation: str
    tier: str
    source: str

    @property
    def words(self) -> str:
        """All of it, for a reader."""
        return f"{self.parent} ({', '.join(filter(None, (self.relation, self.tier, self.source)))})"


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the models of a bill descend from: each step and each ancestor once; one that is itself
    among the models is that model."""

    bill: Bill
    steps: dict[tuple[str, str], Descent] = field(default_factory=dict)
    ancestors: dict[str, Ancestor] = field(default_factory=dict)

    @classmethod
    def of(cls, bill: Bill) -> Family:
        """By what is locked, and where the models were at hand by what was read of them."""
        found = cls(bill=bill)
        for one in bill.models:
            found._add_locked(one)
            if one.graph:
                found._add_read(one, one.graph)
        return found

    @cached_property
    def _models(self) -> Mapping[object, str]:
        """The models by what an ancestor may be known by."""
        found: dict[object, str] = {}
        for one in self.bill.models:
            found[one.entry.selected] = found[one.entry.manifest] = one.ref
            found[one.entry.repo, one.entry.commit] = one.ref
        return found

    @cached_property
    def _locked(self) -> Mapping[str, Entry]:
        return {entry.repo or entry.name: entry for entry in self.bill.above}

    def called(self, one: Ancestor) -> str:
        """What the document calls an ancestor."""
        same = self._models.get(one.manifest) if one.manifest else None
        if same is None and one.commit:
            same = self._models.get((one.repo, one.commit))
        return same or one.ref

    def _add(self, child: str, parent: Ancestor, **said: str) -> None:
        ref = self.called(parent)
        if child != ref:
            self.steps.setdefault((child, ref), Descent(child=child, parent=ref, **said))
        if ref == parent.ref:
            self.ancestors.setdefault(ref, parent)

    def _add_read(self, one: Billed, graph: Graph) -> None:
        attested = {made.child for made in graph.made}
        files = {p.manifest: p.files for made in graph.made for p in made.step.parents}
        nodes = {
            node.key: Ancestor(
                repo=node.repo or node.called or node.key,
                commit=node.commit or "",
                manifest=node.manifest or "",
                files=Manifest.of(files.get(node.manifest, ())),
                root=node.root,
                attested=node.key in attested,
            )
            for node in graph.nodes
        }
        for edge in graph.edges:
            self._add(
                one.ref if edge.child == graph.model else self.called(nodes[edge.child]),
                nodes[edge.parent],
                relation=edge.method or edge.relation or "",
                tier=edge.tier,
                source=edge.bundle or ", ".join(edge.claims),
            )

    def _add_locked(self, one: Billed) -> None:
        """The parents of the model, and theirs; of one whose lineage was read, what it is a mirror
        of alone."""
        parents = _mirrored(one.entry) + (() if one.graph else one.entry.parents)
        waiting = [(one.ref, parent) for parent in parents]
        commits = {parent.repo: parent.commit for parent in parents if parent.commit}
        met = set()
        for child, parent in waiting:
            entry = self._locked.get(parent.repo)
            same = entry if entry and parent.commit in (None, entry.commit) else None
            commit = parent.commit or (same.commit if same else "") or commits.get(parent.repo, "")
            manifest = same.manifest if same else ""
            files = same.files if same else NO_FILES
            found = Ancestor(repo=parent.repo, commit=commit, manifest=manifest, files=files)
            said = {"relation": parent.relation or "", "tier": parent.tier, "source": parent.source}
            self._add(child, found, **said)
            if found.ref not in met:
                met.add(found.ref)
                above = same.parents if same else ()
                waiting += [(self.called(found), parent) for parent in above]


def _mirrored(entry: Entry) -> tuple[LockedParent, ...]:
    """Of a mirror the very model that it is a copy of."""
    if not entry.mirror_of:
        return ()
    return (
        LockedParent(
            repo=entry.origin or "",
            commit=entry.origin_commit,
            relation="mirror",
            tier="",
            source="mirror_of",
        ),
    )
