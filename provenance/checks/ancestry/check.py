"""ancestry: is everything known that the repository says of its parents?

Passes when nothing it says of its parents is unknown or contradictory: every ancestor that any
place of it names lies in a namespace of a registered organisation, and all places agree. The places
are the card, its prose and the recipes in it, configurations, adapters, recipes of mergekit and
axolotl, the headers of safetensors and GGUF, what trainers leave behind, and the Hub. It never
means that the model descends from them: claims may convict, and never acquit. A model without a
stated parent is fine if the registry has it as a root, or its organisation as one that originates
models.

Findings:

ancestry/unknown-ancestor
    An ancestor is published by nobody in the registry. Look at it; register its organisation, or
    waive this finding for that ancestor. If it is a mirror of a known model, write `mirror_of`
    for it (`explain mirror`); where nothing proves that, the message says what was tried.

ancestry/unresolvable
    A parent is a path on somebody's machine, a foreign URL, a model that a trainer's words, or the
    weights of an adapter, leave without a name, or a repository that the Hub does not have (any
    more). Find out what was meant, and say it: the message has the `parents` line to add to the
    model's entry.

ancestry/unresolved
    A parent is named by a bare name, and no Hub was asked what that is. Verify it online, or say
    in the model's entry what was meant.

ancestry/conflict
    Two places name different parents of the whole model, and neither leads to the other. At least
    one is wrong: ask the publisher which. Parts (a vision encoder, a pipeline's component, an
    adapter in a folder of its own) are ancestors, and no conflict.

ancestry/under-declared
    A merge recipe names models that the card leaves out. Ask the publisher for the rest.

ancestry/method
    What a trainer left behind tells another method than the card: it says SFT, and the trainer was
    GRPO's. Ask the publisher what was done.

ancestry/relation
    The front matter says adapter or quantisation, the files are something else: ask the publisher.

ancestry/contradicted
    The shape of a tensor that both models have cannot come from the stated parent's, or, where no
    tensors can be compared, another width stands in both configurations of one type. Whatever it
    descends from, it is not that. Output heads, vocabularies, layers and scales that come or go
    are fine. Pruned widths and merged attention heads look the same, and are honest: ask the
    publisher, and waive it after a look.

ancestry/identical
    Its weight files are those of another model, of an ancestor further up or of an older one in the
    lockfile, or it has all of those beside its own, and it does not name that model as its parent.
    It is a copy that does not name its source; unknown where no date tells which of two was
    first. Where nothing is called like weights, that is said of every file that a loader reads.
    The same is found of tensors, whatever their files, names and types are: "N of M tensors are
    bit-identical to" a model whose fingerprint is at hand, or all begin as those of a model whose
    bytes were read when it was locked. Of a Hub's model no byte was read: its entry tells of files.

ancestry/undeclared-parent
    Some of its tensors are those of a known model, or its weights are kin of one by their numbers,
    in whole or in part, and nothing that it names leads there. What a named ancestor has too is
    explained by it; unknown where no date tells which of two was first, where a parent is named
    that could not be compared, and for a relation that is weak: a share in a merge, or one
    initialisation. Ask the publisher what it was made from, and say it in the model's entry with
    `parents`.

ancestry/copied-signature
    It carries a signature by an organisation whose models it does not name as parents. It may
    descend from one of them: look at what was signed.

ancestry/loaded-from-path
    A program left the path on somebody's machine from which the model was loaded, or the words
    that it writes where it knows no name of a parent. A warning: it says that there may have been
    a parent, and not which.

ancestry/bare-digest
    Only the digest of what it was made from is given, and no known file has it. A warning.

ancestry/self
    The repository names itself as its parent. Ask the publisher what was meant.

ancestry/cycle
    An ancestor descends from itself, or from this model, by what their cards say. One of them was
    changed afterwards: look at the older revisions.

ancestry/replaced
    An ancestor has another repository id than the registry has for it: it was deleted and made
    again under the same name, by whoever could. Do not use what descends from it.

ancestry/pull-request-only
    A claim pins an ancestor to a commit that no branch or tag of it reaches. Anybody can propose
    such a commit. Ask for a parent that its organisation published.

ancestry/no-origin
    No place that is read names a parent; it says which places were read (`explain ancestry` lists
    all kinds), and quotes what a card says in other words. A warning, unless the profile wants
    every model signed: ask the publisher, or say it in the model's entry with `parents`.

ancestry/unreadable
    A card or configuration that may name parents could not be read. Ask the publisher to mend it,
    or exclude the file.

ancestry/limit
    There are more ancestors than are looked at for one model.

ancestry/pass
    Who the ancestors are said to be, and who publishes them. Of a model on disk their files are
    known only where another entry of provenance.toml has them by `path`; it says whose are not
    here to compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.case.ancestors import tried
from provenance.case.case import Case
from provenance.checks.ancestry.conflicts import conflicts
from provenance.checks.ancestry.copies import copies, signatures
from provenance.checks.ancestry.kin import relatives, undeclared_kin
from provenance.checks.ancestry.lost import (
    missing,
    of_no_base,
    stated_by_you,
    unread,
    unresolvable,
    unresolved,
)
from provenance.checks.ancestry.relations import is_adapter, relations
from provenance.checks.ancestry.tensors import bases, copied_tensors
from provenance.claims.claim import ParentClaim
from provenance.lineage import Claimed, own_names
from provenance.model import Reach
from provenance.verdict import Finding, failed, passed, unknown

SHOWN, PLACES = 5, 8
LONG = 100
"""Characters of one place's name."""
STRANGE_REACH = (Reach.PULL_REQUEST, Reach.NOTHING)


def check(case: Case) -> Iterator[Finding]:
    """Whether every stated ancestor is known, and every place says the same of them."""
    survey = _Survey(case=case)
    found = [*unread(case), *unresolvable(case), *missing(case), *conflicts(case)]
    found += [*relations(case), *copies(case), *signatures(case)]
    found += copied_tensors(case, bases(case))
    told = {finding.where for finding in found}
    found += [finding for finding in undeclared_kin(case) if finding.where not in told]
    found += [*survey.ancestors(), *survey.origin()]
    found = list(dict.fromkeys(found))
    yield from found
    if not found:
        yield passed("ancestry/pass", survey.praise())


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """One model's claims before this check."""

    case: Case

    @property
    def claimed(self) -> Claimed:
        return self.case.claimed

    @property
    def claims(self) -> tuple[ParentClaim, ...]:
        return self.claimed.parent_claims

    def ancestors(self) -> Iterator[Finding]:
        own = own_names(self.case.origin)
        for claim in self.claims:
            if claim.repo and not claim.part and self.claimed.canonical(claim.repo) in own:
                message = f"{claim.key} names the model itself: ask what was meant"
                yield failed("ancestry/self", message, claim.path)
        for name in self.names:
            if name not in own:
                yield from self._ancestor(name)
        yield from self._resolved()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The canonical names of all ancestors, the claimed ones first."""
        direct = [self.claimed.canonical(claim.repo) for claim in self.claims if claim.repo]
        further = sorted(self.claimed.above(self.claimed.own))
        attested = [node.repo for node in self.case.graph.nodes if node.repo]
        names = dict.fromkeys([*direct, *further, *attested])
        nobodys = {self.claimed.own, *self.case.graph.folders}
        return tuple(name for name in names if name not in nobodys)

    def _ancestor(self, name: str) -> Iterator[Finding]:
        if name in self.claimed.circular:
            message = f"what the cards say leads from {name} back to where it began"
            yield failed("ancestry/cycle", message, name)
        if "/" not in name:
            if not any(a.claimed == name and a.missing for a in self.case.evidence.ancestors):
                message = f"{name} is a bare name, and no Hub was asked what it is"
                yield unknown("ancestry/unresolved", message, name)
        elif self.case.registry.owner(name) is None:
            namespace = name.partition("/")[0]
            said = f"no registered organisation owns {namespace!r}{self._said_by(name)}"
            if vain := tried(self.case.files, name, self.case.registry, self.case.lock):
                said += f"; {vain}"
            message = f"{said}: register it, or waive this for the ancestor after a look"
            yield failed("ancestry/unknown-ancestor", message, name)

    def _said_by(self, name: str) -> str:
        place = self._places.get(name)
        return f" ({place} names it)" if place else " (an ancestor's card names it)"

    @cached_property
    def _places(self) -> dict[str, str]:
        """Where each of its parents is named first, by canonical name."""
        return {
            self.claimed.canonical(claim.repo): claim.place
            for claim in reversed(self.claims)
            if claim.repo
        }

    def _resolved(self) -> Iterator[Finding]:
        """What is wrong with the repositories behind the names."""
        origins = filter(None, self.claimed.origins)
        for ancestor in (*self.case.evidence.ancestors, *origins):
            facts = ancestor.facts
            if facts is None:
                continue
            if facts.reach in STRANGE_REACH:
                message = f"commit {ancestor.commit} is reached by {facts.reach}, no branch or tag"
                yield failed("ancestry/pull-request-only", message, facts.id)
            for root in self.case.registry.roots(facts.id):
                if root.repo_id not in (None, facts.repo_id):
                    message = f"expected repository id {root.repo_id}, found {facts.repo_id}"
                    yield failed("ancestry/replaced", message, facts.id)

    def origin(self) -> Iterator[Finding]:
        stated = self.names or self._attested or any(claim.repo for claim in self.claims)
        lost = any(not one.hint for one in unresolved(self.case))
        if not stated and not lost and is_adapter(self.case.files):
            yield failed("ancestry/unresolvable", of_no_base(), self.case.subject)
        elif not stated and not lost and not self._is_origin():
            message = f"{self._nothing}: say it with `parents`, or ask"
            yield unknown("ancestry/no-origin", message, self.case.subject)

    @property
    def _attested(self) -> bool:
        """Whether anybody who may attests what it was made from."""
        graph = self.case.graph
        return any(edge.attested for edge in graph.above.get(graph.model, ()))

    @property
    def _nothing(self) -> str:
        """That nothing names a parent, where that was looked for, and what may be meant to."""
        places = self.case.files.places
        named = ", ".join(f"{place:.{LONG}}" for place in places[:PLACES])
        more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
        read = (
            f"{len(places)} place{'s' * (len(places) != 1)} read{': ' * bool(named)}{named}{more}"
        )
        hints = "; ".join(f"{m.place} says {m.quote!r}" for m in self.claimed.mentions[:SHOWN])
        return f"no place that is read names a parent ({read}){'; ' * bool(hints)}{hints}"

    def _is_origin(self) -> bool:
        repo = self.case.origin.ref.repo
        owner = self.case.registry.owner(repo) if repo else None
        return bool(owner and owner.originates) or bool(self.case.registry.roots(repo))

    def praise(self) -> str:
        names = self.names
        if not names and self._attested:
            return f"{self._nothing}; who attests how it was made names its parents by digest"
        if not names:
            return f"{self._nothing}, and its organisation makes models of its own"
        parts = [self._introduced(name) for name in names[:SHOWN]]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        said = sorted(stated_by_you(self.case))
        you = f"; you say {', '.join(said)}" if said else ""
        known = f"the stated ancestors are known{', by name' * (not self._here)}"
        also = relatives(self.case)
        return f"{known}: {', '.join(parts)}{more}{you}{self._uncompared}{also}"

    @cached_property
    def _here(self) -> frozenset[str]:
        """The ancestors whose files are known, and were held against the model's."""
        known = (a.facts.id for a in self.claimed.evidence.ancestors if a.facts and a.evidence)
        return frozenset(known) & frozenset(self.names)

    @property
    def _uncompared(self) -> str:
        """With whose files nothing was compared, neither shapes nor bytes."""
        away = [name for name in self.names if name not in self._here]
        if not self._here:
            return "; none of their files is here to compare"
        more = f" and {len(away) - SHOWN} more" if len(away) > SHOWN else ""
        return f"; no file is here to compare of {', '.join(away[:SHOWN])}{more}" if away else ""

    def _introduced(self, name: str) -> str:
        owner, said = self.case.registry.owner(name), self.claimed.named(name)
        return f"{said} of {owner.name}" if owner else said
