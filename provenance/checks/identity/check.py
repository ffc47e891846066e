"""identity: who is behind this name, and is it the same as before?

Passes when a registered organisation owns the namespace and nothing that pins the repository
disagrees: its id, its owner's id, a commit that a branch or tag reaches, the age your policy asks
for. Names are compared case-exact. What a Hub says of a repository can only convict it: where the
registry or the lockfile states an id, a Hub that states none is unknown, not passed.

Of a directory with a name (`--as`) and no Hub's answer, the name alone is judged, and the pass
says so. Without a name the check is skipped, since nobody said what the files claim to be.

Findings:

identity/unnamed
    Nobody said which repository this claims to be. Say it with `--as org/name`. Skipped.

identity/unknown-publisher
    No registered organisation owns the namespace, so nobody known answers for the model. Add the
    publisher to your registry, or exempt exactly these bytes with the block in the message.

identity/mirror
    The model is said to be a mirror (`mirror_of`), and files that a loader reads are not those of
    the origin at that commit: it is judged by its own name alone. Fetch the
    files again from the origin, or correct the line.

identity/mirror-unknown
    The model is said to be a mirror, and nobody can tell whether its bytes are the origin's: the
    Hub does not have that commit, or states no digest, or was not asked, and no signature of the
    origin's publisher covers them. Ask the Hub that has it. `explain mirror` says what proves it.

identity/import-name
    An importer attested that these files are those of another model than the name they go by here.
    Whoever wrote there put one model in the place of another, or the name is wrong: say the
    origin's, or with `mirror_of` that this is a mirror of it.

identity/confusable
    The namespace is nobody's in the registry and looks like one that is: the same but for case,
    separators or look-alike letters (`rn` for `m`, `1` for `l`), or with a word such as `official`
    or `ai` more or less. Write the registered name if you mean it. If this one is honest, register
    it, or waive the finding. An exemption does not set it aside.

identity/near-miss
    The namespace is nobody's in the registry and one letter off one that is. Look again at what
    you typed, or copied. A warning by default.

identity/renamed
    The Hub answers for another name than the one asked for: the repository was renamed, moved, or
    is spelled differently. A name that was left can be registered by anybody. Write the new name
    if you mean it.

identity/replaced
    The repository's id is another than the registry or the lockfile has: it was deleted and made
    again, so this is another repository under the same name. Ask the publisher. Never waived; a
    change against the lockfile yields to `provenance lock --accept`.

identity/unverified-id
    The registry or the lockfile has an id of the repository, and the Hub states none, as some
    mirrors do. Ask the Hub itself.

identity/owner-changed
    The Hub names another owner than the namespace, or than when it was locked. Ask the publisher
    before you accept it.

identity/namespace-replaced
    The owner's id is another than the registry has for the namespace: the account was deleted, and
    somebody registered its name again. Ask the publisher elsewhere. Never waived.

identity/unverified-owner
    The registry or the lockfile says who the owner is, and the Hub does not. Ask the Hub itself.

identity/pull-request-only
    The commit is only reached by a pull request, which anybody can open: it is not the
    organisation's. Take a commit of a branch or tag.

identity/unreachable-commit
    No branch or tag reaches the commit: its history was rewritten, or it never was the
    organisation's. Take a commit of a branch or tag.

identity/reach-unknown
    Nobody says whether a branch or tag reaches the commit. Ask the Hub itself.

identity/too-young
    Some of the files were first signed, or without a signature the repository was made, after what
    `min_age` or `exclude_newer` lets pass. Wait, or take an earlier release.

identity/age-unknown
    `min_age` or `exclude_newer` is set, and no certificate says that all files a loader reads were
    signed early enough. Ask the publisher for a keyless signature: its certificate is good for
    minutes. A timestamp or a log's entry may be added by anybody, and says nothing of that.

identity/pass
    Whose the name is, and what else was compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from provenance import names
from provenance.case.case import Case
from provenance.case.likely import mirror_advice
from provenance.case.mirror import Mirror
from provenance.checks.identity.age import age
from provenance.checks.identity.mirror import other_name, unproved
from provenance.checks.identity.pins import answers
from provenance.model import Reach
from provenance.trust.confusable import lookalikes, near_misses
from provenance.verdict import Finding, exempt, failed, passed, skipped

NEAR_MISS = "identity/near-miss"
SHOWN = 3
EXEMPT_DAYS = 90


def check(case: Case) -> Iterator[Finding]:
    """Whose the name is, whether a pin disagrees, and whether it is as old as the policy asks."""
    repo = case.origin.ref.repo
    mirrored = [*unproved(case), *other_name(case)]
    if repo is None:
        yield from (*mirrored, _unnamed(case), *age(case))
        return
    found = [*mirrored, *_publisher(case, repo), *answers(case), *age(case)]
    yield from found
    if all(finding.rule == NEAR_MISS for finding in found):
        scope, exemption = _scope(case, repo), case.exemption
        if exemption and not case.registry.owner(repo):
            yield exempt("identity/pass", scope, exemption.reason)
        else:
            yield passed("identity/pass", scope)


def _unnamed(case: Case) -> Finding:
    message = "the model has no name: say what it claims to be with --as org/name"
    return skipped("identity/unnamed", message, case.subject)


def _publisher(case: Case, repo: str) -> Iterator[Finding]:
    """That nobody registered owns the namespace, and whose it could be taken for."""
    if case.registry.owner(repo):
        return
    namespace = names.namespace_of(repo)
    owners = {own: org.name for org in case.registry.orgs for own in org.namespaces}
    alike = lookalikes(namespace, tuple(owners))
    near = () if alike else near_misses(namespace, tuple(owners))
    listed = ", ".join(f"{other!r} ({owners[other]})" for other in (alike or near)[:SHOWN])
    if alike:
        yield failed("identity/confusable", _confusable(namespace, alike, listed), case.subject)
    elif near:
        message = f"{namespace!r} is one letter off {listed}: write that name if you mean it"
        yield failed(NEAR_MISS, message, case.subject)
    if not case.exemption:
        message = _unowned(case, repo, listed, advise=not alike)
        yield failed("identity/unknown-publisher", message, case.subject)


def _unowned(case: Case, repo: str, nearest: str, *, advise: bool) -> str:
    """An exemption is no advice where it would not do: what is confusable stays so."""
    said = f"no registered organisation owns the namespace {names.namespace_of(repo)!r}"
    if nearest:
        said += f", the nearest is {nearest}"
    mirror = mirror_advice(case)
    if not advise or not names.is_repo(repo):
        return f"{said}: {mirror}" if mirror else said
    steps = f"{mirror}; or register" if mirror else "register"
    return f"{said}: {steps} its publisher, or exempt exactly these bytes\n{_block(case)}"


def _confusable(namespace: str, alike: tuple[str, ...], listed: str) -> str:
    if any(other.casefold() == namespace.casefold() for other in alike):
        return f"{namespace!r} differs from {listed} by case alone: write the registered name"
    return (
        f"{namespace!r} can be taken for {listed}: write that name if you mean it, and waive this "
        "only if you know who else it is"
    )


def _block(case: Case) -> str:
    """What to add to provenance.toml to admit exactly these bytes."""
    expires = case.evidence.today + timedelta(days=EXEMPT_DAYS)
    return (
        "[[policy.exempt]]\n"
        f'repo = "{case.evidence.ref.repo}"\n'
        f'manifest = "{case.evidence.manifest.digest}"\n'
        'reason = "…"\n'
        f"expires = {expires:%Y-%m-%d}"
    )


def _scope(case: Case, repo: str) -> str:
    """Whose the name is, and what else was compared."""
    owner, facts = case.registry.owner(repo), case.origin.facts
    namespace = names.namespace_of(repo)
    if owner and isinstance(case.mirror, Mirror):
        whose = (
            f"a mirror of {case.mirror.named}, {case.mirror.proof}; {owner.name} owns {namespace}"
        )
        if case.mirror.others:
            whose += f"; no loader reads {', '.join(case.mirror.others[:SHOWN])}, which differ"
    elif owner:
        whose = f"{owner.name} owns {namespace}"
    else:
        whose = f"no registered organisation owns {namespace}"
        if case.exemption:
            whose += f"; you exempted {case.meant_by(case.exemption)}: {case.exemption.reason}"
    if facts is None:
        return f"{whose}; only the name was judged"
    said = [f"repository id {facts.repo_id}"] if facts.repo_id else []
    said += [f"commit on a {facts.reach}"] if facts.reach in (Reach.BRANCH, Reach.TAG) else []
    return "; ".join(filter(None, (whose, ", ".join(said))))
