"""policy: does what you wrote still mean what you think?

These findings are about your own provenance.toml, not about the model.

Findings:

policy/unused-waiver
    A waiver or exemption that sets nothing aside: it was not needed, it is for other bytes, or it
    has run out, or where all models are judged none of them is of its repository. Remove it, or
    write it anew after looking again. A warning by nature.

policy/ignored-loaded
    An exemption or a waiver has an `ignore` that matches a file which a loader reads, as weights
    under the name of a document, or a text that a configuration names. It would admit whatever that
    file becomes, so it admits nothing. Take the pattern out, or write the entry anew with
    `provenance exempt` or `provenance waive`.

policy/unused-exclude
    A pattern of `exclude` that leaves nothing out. Perhaps it is misspelt, and what it was to
    leave out is still there. Correct or remove it. A warning by nature.

policy/no-fingerprint
    A folder that `fingerprints` of `[policy.weights]` names holds none, *.wlf: nothing is compared
    with what was to be there. The message has the line that makes one. A warning by nature.

policy/not-judged
    A model that was asked for could not be judged: it has a row in every report, and the whole does
    not pass. Nothing is known of it. The row says why; most often the same again is worth a try.

policy/changed
    The pull request changes what it is judged by: the policy, the profile or parents of a model, a
    registry, its root, an attestation, or who owns these files. It was judged by what the newest
    commit of its base says. Change the rules in a pull request of their own, and let the CODEOWNERS
    of the base say who may (as GitHub reads it: `*` stays in one folder, the last line that matches
    counts, a word that is not an @owner or address owns nothing).

policy/changed-by-owners
    The same, of a file for which the CODEOWNERS of the base names who may change it. A warning by
    nature: their review is what it needs.

policy/removed-model
    A model that the base names is not named any more, nor its repository. A warning by nature: make
    sure that nobody deploys it.

policy/foreign-settings
    A provenance.toml on the way up belongs to another user or may be written by everybody. It was
    not used. Name it with --policy if it is yours, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.model import UNUSED_EXCLUDE
from provenance.policy import Exemption, Waiver
from provenance.selection import matches
from provenance.verdict import Finding, failed


def check(case: Case) -> Iterator[Finding]:
    """The patterns of the caller that leave nothing out of this model, or what they may not.

    What sets nothing aside is known once everything was weighed (`judgement`), and what is wrong
    with the files of settings where they are read (`workspace`).
    """
    for seen in case.evidence.observations:
        if seen.code == UNUSED_EXCLUDE:
            yield failed("policy/unused-exclude", seen.detail, seen.path)
    for what, entries in (("exemption", case.policy.exemptions), ("waiver", case.policy.waivers)):
        for entry in entries:
            yield from _ignored(case, what, entry)


def _ignored(case: Case, what: str, entry: Exemption | Waiver) -> Iterator[Finding]:
    """The files that an entry for these bytes ignores, and that a loader reads."""
    rest = case.rests.get(entry.ignore) if entry.repo == case.evidence.ref.repo else None
    for path in rest.read if rest and rest.digest in ("", entry.manifest) else ():
        patterns = ", ".join(repr(p) for p in entry.ignore if not matches(path, [], [p]))
        message = (
            f"{case.files.why_read(path)}, and the {what} of {entry.repo} ignores it by "
            f"{patterns}, so that it does not hold: take that out of `ignore`, and write the "
            "digest of what is left"
        )
        yield failed("policy/ignored-loaded", message, path)
