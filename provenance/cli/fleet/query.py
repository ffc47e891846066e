"""`provenance fleet query`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.fleet.shown import STORE, answer
from provenance.cli.options import in_form
from provenance.fleet.options import check_installed


@click.command(name="query")
@click.argument("sql", required=False, metavar="[SQL]")
@STORE
@click.option("--descends-from", metavar="ORG/NAME", help="Models with this ancestor, and how.")
@click.option("--changed", metavar="RUN", help="Models that came out otherwise than in RUN.")
@click.option("--run", default="", metavar="RUN", help="The run that is asked about (the newest).")
@in_form("json")
def command(
    sql: str | None,
    store: Path,
    descends_from: str | None,
    changed: str | None,
    run: str,
    form: str,
) -> int:
    """Ask about a fleet: by an ancestor, against a run, or in SQL.

    SQL is one SELECT over `models`, `edges`, `files`, `runs`, and of the newest run `verdicts` and
    `signers`. A RUN is the beginning of its name. Nothing is read but the store, and nothing is
    written. The exit code is 5 where a file of the store was spoiled, and where the question is
    about verdicts that the run does not have yet.
    """
    check_installed()
    from provenance.fleet.desk import Question, query

    asked = Question(sql=sql, descends_from=descends_from, changed=changed, run=run)
    return answer(query(store, asked), form)
