"""`provenance update`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.adopting import after
from provenance.cli.notice import notice
from provenance.cli.options import LOCKFILE, OUTPUT, RULES, in_form, with_request, with_workspace
from provenance.cli.outcome import told
from provenance.report.review import review, review_markdown
from provenance.workspace import Request, Workspace
from provenance.workspace.updating import updated


@click.command(name="update")
@click.argument("refs", nargs=-1, metavar="[NAME]...")
@click.option(
    "--renew",
    multiple=True,
    metavar="NAME",
    help="Write its exemption anew for the newest bytes, and for 90 days.",
)
@in_form("markdown")
@with_request(*RULES, *LOCKFILE)
@OUTPUT
@with_workspace
def command(
    request: Request,
    form: str,
    renew: tuple[str, ...],
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> int:
    """Follow the branches and tags of provenance.toml, lock what passes, show what changed.

    What is printed can be the text of a pull request. A model whose newest revision does not pass
    keeps its previous entry, and the exit code is not 0. An exemption is for the bytes that it
    names: it follows new ones only with --renew, and then the report shows what changed in them.
    """
    for edit in workspace.renew(request, renew) if renew else ():
        terminal.difference(edit, err=True)
    made = updated(workspace.gathering(workspace.session(request)))
    unjudged = made.locked.unjudged
    if form == "markdown":
        terminal.emit(review_markdown(made.reviews, unjudged).rstrip("\n"), output)
    else:
        terminal.show(review(made.reviews, unjudged), output)
    code = told(made.locked.verdicts, unjudged)
    for line in made.locked.hints("update"):
        notice(line)
    if not quiet:
        if made.locked.written:
            click.echo(f"wrote {made.locked.session.lock_path.name}", err=True)
        after(made.locked)
    return code
