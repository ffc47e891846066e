"""closure: is everything that a loader would fetch by name pinned, and does it pass itself?

A model can be signed to the last byte and still make its loader fetch from another repository: the
base of an adapter, code (`auto_map: "org/name--module.Class"`), a tokenizer, a kernel. Passes when
each of these is pinned to a commit and passes by the same policy. `provenance explain loaders` says
who fetches what; `provenance closure` shows it for one model; `provenance run` starts a command
that sees exactly what is locked.

Findings:

closure/unpinned
    A loader follows a branch of another repository, and takes what stands there that day. Put the
    line that is named into the model's entry of provenance.toml and lock it. It holds for `fetch`
    and `run`; a loader that is started otherwise goes on following the branch.

closure/from-nowhere
    A file is missing, and a loader then fetches somebody else's in its place, from a branch. Ask
    the publisher to add the file, or pin what comes: the line is named.

closure/failing
    Something that a loader fetches does not pass by itself. Judge it alone with `provenance verify`
    to see everything that was found of it.

closure/unjudged
    Something that a loader fetches is not here, or could not be asked for, so that nobody judged
    it. Lock the model where a Hub can be asked.

closure/unread
    A file may name something that a loader fetches, and could not be followed: it is not of its
    format, too long, or names an address of no Hub. Exclude it, or ask the publisher.

closure/limit
    The model makes loaders fetch more repositories than are looked at. Use one that needs fewer.

closure/circumstance
    A loader fetches something under the circumstance that is named, and not in general. A warning;
    `provenance run` keeps it from being fetched.

closure/unused-pin
    provenance.toml pins something that no loader of this model is known to fetch. A warning: remove
    the line, or correct the name.

closure/pass
    That nothing is fetched by name, or what is, and at which commits.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from provenance.case.case import Case
from provenance.case.members import Closure, JudgedMember
from provenance.closure.claim import MemberClaim
from provenance.closure.members import MOST, Wanted
from provenance.verdict import Finding, Result, failed, passed, unknown

SHOWN = 5
SHORT = 12
UNKNOWN_COMMIT = "<commit>"
"""What stands in a pin where nobody could be asked for the commit of today."""


def check(case: Case) -> Iterator[Finding]:
    """Whether everything that a loader fetches is pinned and passes by itself."""
    own = {case.evidence.ref.repo, case.evidence.facts.id if case.evidence.facts else None}
    wanted = {w: claims for w, claims in case.closure.wanted.items() if w.repo not in own}
    found = [
        *_unread(case.closure),
        *(f for one, claims in wanted.items() for f in _found(case, one, claims)),
        *_under_circumstances(case.closure),
        *_unused(case, {one.repo for one in wanted}),
    ]
    yield from found
    if all(finding.rule in ("closure/circumstance", "closure/unused-pin") for finding in found):
        yield passed("closure/pass", _praise(case, list(wanted)))


def _unread(closure: Closure) -> Iterator[Finding]:
    for claim in dict.fromkeys(closure.claims.all):
        if claim.repo is None:
            names = f"{claim.loader} fetches {claim.text!r}: " if claim.loader else ""
            message = f"{names}{claim.reason}: exclude the file, or ask the publisher"
            yield unknown("closure/unread", message, claim.path)


def _found(case: Case, wanted: Wanted, claims: Sequence[MemberClaim]) -> Iterator[Finding]:
    """What is wrong with one member: that it floats, and what it is where it stands."""
    judged = case.closure.judged_as(wanted)
    if case.closure.commit_of(wanted) is None:
        yield _floating(case, wanted, claims[0], judged)
    if judged is None:
        over = len(case.evidence.members) >= MOST
        rule = "closure/limit" if over else "closure/unjudged"
        many = f"it is one of more than {MOST} repositories that this model makes loaders fetch"
        message = many if over else f"it is not here: lock {case.subject} where a Hub can be asked"
        yield unknown(rule, f"{_who(claims[0])}, and nobody judged it: {message}", wanted.repo)
    elif judged.member.commit is None:
        message = f"nobody judged it: {judged.member.missing}"
        yield unknown("closure/unjudged", f"{_who(claims[0])}, and {message}", wanted.repo)
    else:
        yield from _failing(judged)


def _floating(
    case: Case, wanted: Wanted, claim: MemberClaim, judged: JudgedMember | None
) -> Finding:
    commit = judged.member.commit if judged else None
    branch = wanted.revision or "main"
    today = f"judged is {commit}" if commit else "look up its commit"
    if not commit and "/" not in wanted.repo:
        own = f"a folder of whoever made it: then write org/name of what it holds into {claim.path}"
        today = f"{wanted.repo} was perhaps {own}; else {today}"
    nowhere = not claim.text and claim.repo is not None
    typed = ", or type the second" if commit and case.evidence.ref.repo else ""
    rule = "closure/from-nowhere" if nowhere else "closure/unpinned"
    return failed(
        rule,
        f"{_who(claim)} at {branch}, whatever stands there that day; {today}. Put this line into "
        f"the model's entry in provenance.toml{typed}, then lock it\n{_line(case, wanted, commit)}",
        wanted.repo,
    )


def _who(claim: MemberClaim) -> str:
    """Who fetches what for which reason."""
    brings = f" ({claim.brings})" if claim.brings else ""
    at = f"@{claim.revision}" if claim.revision else ""
    if claim.text:
        return f"{claim.place}: {claim.loader} fetches {claim.repo}{at}{brings} for {claim.key}"
    return f"{claim.path}: with {claim.key} beside it {claim.loader} fetches {claim.repo}{brings}"


def _line(case: Case, wanted: Wanted, commit: str | None) -> str:
    """The whole line, with what is pinned already and what floats beside it; and, where a Hub told
    the commits, the command that writes it."""
    settled = case.closure.settled
    if commit is None:
        return f"members = {json.dumps([*settled, f'{wanted.repo}@{UNKNOWN_COMMIT}'])}"
    line = f"members = {json.dumps(settled)}"
    repo = case.evidence.ref.repo
    return f"{line}\n{shlex.join(['provenance', 'add', repo])}" if repo else line


def _failing(judged: JudgedMember) -> Iterator[Finding]:
    member, verdict = judged.member, judged.verdict
    if verdict is None or verdict.result is Result.PASS:
        return
    at = f"{member.repo}@{member.commit}"
    message = f"it does not pass: {verdict.reason}: `provenance verify {at}` shows the rest"
    if verdict.result is Result.FAIL:
        yield failed("closure/failing", message, member.repo)
    else:
        yield unknown("closure/failing", message, member.repo)


def _under_circumstances(closure: Closure) -> Iterator[Finding]:
    for claim in dict.fromkeys(closure.claims.all):
        if claim.only and claim.repo:
            yield failed("closure/circumstance", f"{_who(claim)}, {claim.only}", claim.repo)


def _unused(case: Case, needed: set[str]) -> Iterator[Finding]:
    named = needed | {claim.repo for claim in case.closure.claims.all if claim.repo}
    for repo in sorted(case.closure.pins.keys() - named):
        message = f"members pins {repo}, which no loader is known to fetch for this model"
        yield failed("closure/unused-pin", f"{message}: remove it, or correct the name", repo)


def _praise(case: Case, wanted: Sequence[Wanted]) -> str:
    if not wanted:
        return "no loader is known to fetch anything else by name"
    at = (_called(case, one) for one in wanted[:SHOWN])
    more = f", and {len(wanted) - SHOWN} more" if len(wanted) > SHOWN else ""
    judged = [case.closure.judged_as(one) for one in wanted]
    passes = all(one and one.verdict is not None for one in judged)
    said = "passes" if passes else "passed when it was locked (its bytes were not looked at here)"
    return f"what loaders fetch is pinned and {said}: {', '.join(at)}{more}"


def _called(case: Case, wanted: Wanted) -> str:
    """A member at its commit; of a mirror with what it is one of."""
    judged = case.closure.judged_as(wanted)
    verdict = judged.verdict if judged else None
    origin = "" if verdict is None else verdict.mirror_of
    at = f"{wanted.repo}@{(case.closure.commit_of(wanted) or '')[:SHORT]}"
    return f"{at} (a mirror of {origin})" if origin else at
