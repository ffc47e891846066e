"""Verdicts summed up for a report, with what is shown beside each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from provenance.judgement import Evaluation
from provenance.report import FORMATS, Details, SourceLine, Summary
from provenance.verdict import Unjudged
from provenance.workspace.changes import changes
from provenance.workspace.gathering import Gathering
from provenance.workspace.places import pages_of, places_of


def summary_of(
    gathering: Gathering,
    evaluations: Iterable[Evaluation],
    unjudged: Iterable[Unjudged],
    forms: Collection[str],
    endpoint: str | None = None,
) -> Summary:
    """The report on these models: by what, and with what is shown beside each verdict.

    Where a model is named, and what a pull request changes of it, is looked up for those of `forms`
    that tell it; at which page of the Hub a person can look at it, where there is an `endpoint`
    (the empty one is the public Hub).
    """
    session = gathering.session
    judged, others = tuple(evaluations), tuple(unjudged)
    asked = [FORMATS[form] for form in forms if form in FORMATS]
    places = places_of(session) if any(form.placed for form in asked) else {}
    compared = any(form.compares for form in asked)
    pages = {} if endpoint is None else pages_of(session, endpoint)
    return Summary(
        verdicts=tuple(evaluation.verdict for evaluation in judged),
        unjudged=others,
        policy=session.policy_source,
        registry=session.registry_source,
        changes=changes(gathering, judged) if compared else None,
        shown={model.name: Details(place=places.get(model.name)) for model in others}
        | {evaluation.verdict.name: _shown(evaluation, places, pages) for evaluation in judged},
    )


def _shown(
    evaluation: Evaluation, places: Mapping[str, SourceLine], pages: Mapping[str, str]
) -> Details:
    name, commit = evaluation.verdict.name, evaluation.verdict.commit
    page = pages.get(name, "")
    return Details(
        graph=evaluation.case.graph,
        files=evaluation.case.evidence.manifest,
        place=places.get(name),
        parents=evaluation.case.policy.parents,
        page=f"{page}/tree/{commit}" if commit and page.startswith("http") else page,
    )
