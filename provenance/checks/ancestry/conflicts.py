"""Where the places that speak of a model's parents contradict each other, or the files.

The second half of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, product

from provenance.case.case import Case
from provenance.case.likely import mirror_advice
from provenance.claims.claim import MethodClaim
from provenance.claims.files import ModelFiles
from provenance.claims.methods import titles, trainer
from provenance.errors import Malformed
from provenance.formats.names import is_weight_name, suffix_of
from provenance.lineage import Tier, identical_weights, own_names
from provenance.lineage.consistency import FLOATS, shapes
from provenance.model import Evidence, Facts
from provenance.signature import Attestation
from provenance.verdict import Finding, failed, unknown

DECLARED = frozenset({"base_model", "tags"})
RECIPES = frozenset({"recipe", "merge of"})
SHOWN = 20
WEIGHTS_OF_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")


def conflicts(case: Case) -> Iterator[Finding]:
    """Everything that cannot be true together."""
    yield from _conflicts(case)
    yield from _under_declared(case)
    yield from _methods(case)
    yield from _relations(case)
    yield from _contradicted(case)
    yield from _copies(case)
    yield from _signatures(case)


Place = tuple[str, str]


def _places(case: Case) -> dict[Place, dict[str, str]]:
    """The canonical names that each place gives, each with where exactly."""
    own = own_names(case.evidence)
    found: dict[Place, dict[str, str]] = {}
    for claim in case.claimed.parent_claims:
        name = case.claimed.canonical(claim.repo) if claim.repo else None
        if name and not (claim.hint and name in own):
            found.setdefault((claim.path, claim.key), {}).setdefault(name, claim.place)
    return found


def _conflicts(case: Case) -> Iterator[Finding]:
    """Each pair of places that name different parents, once; of very many the first ones."""
    pairs = _contrary(case)
    for (place, names), (other, others) in islice(pairs, SHOWN):
        message = f"{_said(place, names)}; {_said(other, others)}: ask which is true"
        yield failed("ancestry/conflict", message, place[0])
    if next(pairs, None):
        message = f"more than {SHOWN} pairs of places name different parents: ask which are true"
        yield failed("ancestry/conflict", message, case.subject)


Said = tuple[Place, dict[str, str]]


def _contrary(case: Case) -> Iterator[tuple[Said, Said]]:
    """The places of which neither leads to what the other names; those that agree are one group."""
    groups: dict[frozenset[str], list[Said]] = {}
    for place, names in sorted(_places(case).items()):
        groups.setdefault(frozenset(names), []).append((place, names))
    reach = {names: names | case.claimed.above(*names) for names in groups}
    for (ones, first), (others, second) in combinations(groups.items(), 2):
        if not (ones <= reach[others] or others <= reach[ones]):
            yield from (
                (min(one, other, key=_place), max(one, other, key=_place))
                for one, other in product(first, second)
            )


def _place(said: Said) -> Place:
    return said[0]


def _said(place: Place, names: dict[str, str]) -> str:
    where = next(iter(names.values()))
    return f"{where} ({place[1]}) names {', '.join(sorted(names))[:300]}"


def _under_declared(case: Case) -> Iterator[Finding]:
    """The models of a recipe that the card leaves out, where it names any."""
    places = _places(case)
    card = {name for place, names in places.items() if place[1] in DECLARED for name in names}
    known = card | case.claimed.above(*card)
    for (path, key), names in places.items():
        missing = sorted(names.keys() - known)
        if card and key in RECIPES and missing:
            message = f"{key} has {', '.join(missing)[:300]}, which base_model leaves out"
            yield failed("ancestry/under-declared", message, path)


def _methods(case: Case) -> Iterator[Finding]:
    """What trainers left at the top beside what the card says; those in folders speak of others."""
    found = [claim for claim in case.claimed.all if isinstance(claim, MethodClaim)]
    said = [claim for claim in found if not claim.trace]
    stated = frozenset[str]().union(*(claim.methods for claim in said))
    for claim in found:
        if not claim.trace or "/" in claim.path or not stated or claim.methods & stated:
            continue
        places = ", ".join([one.place for one in said][:SHOWN])
        message = f"{places} says {titles(stated)}; {_left(claim)}"
        if claim.known:
            yield failed("ancestry/method", message, claim.path)
        else:
            why = "what that trainer does is not known: ask the publisher"
            yield unknown("ancestry/method", f"{message}; {why}", claim.path)


def _left(claim: MethodClaim) -> str:
    """What a program left behind, as half a sentence."""
    if claim.line:
        return f"{claim.place} ({claim.key}) says {titles(claim.methods)}"
    return f"{claim.path} was written by a {trainer(claim.key, claim.methods)} trainer"


def _relations(case: Case) -> Iterator[Finding]:
    """A relation that the card states, and that its files are not."""
    stated = {
        claim.relation: claim
        for claim in case.claimed.parent_claims
        if claim.key in DECLARED and claim.relation
    }
    is_adapter, is_quantized = _is_adapter(case.evidence), _is_quantized(case.files)
    for relation, claim in stated.items():
        seen = ""
        if is_adapter and "adapter" not in stated:
            seen = "its weights are an adapter"
        elif is_adapter is False and relation == "adapter":
            seen = "its weights are a whole model"
        elif is_quantized is False and relation == "quantized":
            seen = "none of its weights is quantized"
        if seen:
            message = f"{claim.place} says {relation}, and {seen}"
            yield failed("ancestry/relation", message, claim.path)


def _is_adapter(evidence: Evidence) -> bool | None:
    """Whether the weights are an adapter's; None where there are both, or none."""
    weights = [file.path for file in evidence.manifest.files if is_weight_name(file.path)]
    kinds = {path.rpartition("/")[2] in WEIGHTS_OF_ADAPTERS for path in weights}
    if len(kinds) != 1:
        return None
    whole = "config.json" in evidence.manifest.by_path
    adapter = "adapter_config.json" in evidence.manifest.by_path
    return True if kinds == {True} else False if whole and not adapter else None


def _is_quantized(files: ModelFiles) -> bool | None:
    """Whether a configuration or the tensors say so; None where nothing tells."""
    file = files.by_path.get("config.json")
    tensors = shapes(files)
    names = [f.path for f in files.evidence.manifest.files if is_weight_name(f.path)]
    if not file or not tensors or any(suffix_of(n) != ".safetensors" for n in names):
        return None
    try:
        table = file.json()
    except Malformed:
        return None
    configured = isinstance(table, dict) and "quantization_config" in table
    return configured or not {dtype for dtype, _ in tensors.values()} <= FLOATS


def _contradicted(case: Case) -> Iterator[Finding]:
    for edge in case.graph.edges:
        if edge.tier is Tier.CONTRADICTED and edge.child == case.graph.model:
            where = f"{edge.claims[0]}: " if edge.claims else ""
            message = f"{where}it cannot come from there: {edge.detail}"
            yield failed("ancestry/contradicted", message, edge.parent)


def _copies(case: Case) -> Iterator[Finding]:
    """Models whose very weights these are, and that nothing names as a parent.

    A locked model that says itself that it came of this one convicts nobody but itself.
    """
    own = own_names(case.origin) | own_names(case.evidence)
    declared = case.claimed.parents_of(case.claimed.own) | own
    others = {
        ancestor.facts.id: ancestor.evidence.listing
        for ancestor in case.evidence.ancestors
        if ancestor.evidence and ancestor.facts
    }
    for entry in case.lock.models() if case.lock else ():
        came_of_this = any(parent.repo in own for parent in entry.parents)
        if (
            entry.repo
            and entry.origin not in own
            and not came_of_this
            and _is_older(entry.facts, case.origin.facts)
        ):
            others.setdefault(entry.repo, entry.files)
    for name in sorted(others.keys() - declared):
        if identical_weights(case.files, others[name]):
            message = "every weight file is that model's own, and it is not named as a parent"
            yield failed("ancestry/identical", message, name)


def _is_older(other: Facts | None, own: Facts | None) -> bool:
    """Whether a repository was made before the model's own: of two copies the younger is one."""
    theirs, ours = (facts.created if facts else None for facts in (other, own))
    return theirs is not None and ours is not None and theirs < ours


def _signatures(case: Case) -> Iterator[Finding]:
    """Signatures by organisations that the claims do not lead to."""
    repo = case.origin.ref.repo
    own = case.evidence.ref.repo
    known = [repo or "", own or "", *case.claimed.above(case.claimed.own)]
    owners = {owner.key for name in known if (owner := case.registry.owner(name))}
    for verification in case.verifications:
        if repo and isinstance(verification, Attestation) and _is_oms(verification):
            signed = {party.org.key for party in verification.parties}
            if not signed & owners:
                message = f"{min(signed)[1]} signed it, and no stated ancestor is of theirs"
                message = ": ".join(filter(None, (message, mirror_advice(case))))
                yield failed("ancestry/copied-signature", message, verification.bundle)


def _is_oms(attestation: Attestation) -> bool:
    return not isinstance(attestation.manifest, Malformed)
