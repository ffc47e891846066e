"""policy: does what you wrote still mean what you think?

These findings are about your own provenance.toml, not about the model.

Findings:

policy/unused-waiver
    A waiver or exemption that sets nothing aside: it was not needed, it is for other bytes, or it
    has run out, or where all models are judged none of them is of its repository. Remove it, or
    write it anew after looking again. A warning by nature.

policy/unused-exclude
    A pattern of `exclude` that leaves nothing out. Perhaps it is misspelt, and what it was to
    leave out is still there. Correct or remove it. A warning by nature.

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
from provenance.verdict import Finding, failed


def check(case: Case) -> Iterator[Finding]:
    """The patterns of the caller that leave nothing out of this model.

    What sets nothing aside is known once everything was weighed (`judgement`), and what is wrong
    with the files of settings where they are read (`workspace`).
    """
    for seen in case.evidence.observations:
        if seen.code == UNUSED_EXCLUDE:
            yield failed("policy/unused-exclude", seen.detail, seen.path)
