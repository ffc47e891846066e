"""code: does loading this model run anything but the loader?

Passes when the selection brings nothing a loader would run, or your policy lists it under
[[policy.code]]: one file by path and SHA-256, or all that the repository holds at one commit. A
backdoor in weights needs training; one in `modeling_x.py` needs a text editor, and it runs before
any weight is read. Chat templates are programs too: they are parsed, never rendered, and may only
format messages.

Each finding names the file whose bytes decide, its SHA-256, who signed it, and the lines that allow
it. A commit counts where a Hub or the lockfile says that these files are of it. Nothing that is
fetched from elsewhere is allowed so, nor what could not be read. What lies in an archive (`.nemo`,
`.dduf`, `.keras`, `.mar`, any zip or tar) is read where it is small; who allows that allows the
whole archive.

Findings:

code/auto-map
    A configuration makes the loader import a file of the model (`auto_map`, with trust_remote_code;
    `model_file` of mlx-lm, whatever its suffix), or a module by its name. Read the file; allow it
    by its SHA-256, or use a model that needs none.

code/callable
    A configuration names something that Python can import, for its loader to call: `_target_`,
    `target`, `class_path`, a YAML tag as `!apply:` or `!!python/…`, `pipeline.name` of pyannote, a
    Lambda of Keras, a reference of fiddle, what is registered with spaCy (`@…`, `factory`, `lang`).
    A class of a loader's own library is `code/library-class`; anything else is code of somebody
    else. Read what it names, and exclude the file unless you need it, or allow its bytes.

code/library-class
    A configuration builds classes of the libraries that load such models (`torch.nn.…`,
    `speechbrain.…`, `nemo.…`, `spacy.…`), which are installed and not part of the model. A note:
    what they are given still comes from the file, so that it should be signed. A warning; require
    the rule if your loaders shall build nothing by name.

code/remote-code
    The loader is told to trust remote code at large, or to fetch code from another repository where
    the check `closure` does not judge that. It would get whatever stands there that day. Never
    allowed by a digest.

code/python-file
    The model brings Python. Read it and allow it by path and SHA-256, or exclude it.

code/native
    The model brings a program, a library or compiled code, also as the plan of an engine
    (TensorRT) or in a kernel's own `build/`, which nobody can read. Exclude it, or allow its bytes
    if you know who built them.

code/script
    The model brings a script. Read it and allow it by path and SHA-256, or exclude it.

code/requirements
    A list of packages stands beside code of the model (`requirements.txt`): whoever serves the
    model installs them, or is told to. Read it, and allow it by path and SHA-256, or exclude it.

code/pipeline
    diffusers or transformers would run a custom pipeline or component. Read it and allow its file
    by SHA-256, or use a model that needs none.

code/kernel
    The configuration names an attention kernel of another repository, which is compiled code, as
    it is that day. Use a model that needs none.

code/module
    sentence-transformers would import a class or function that is not its own. Read it and allow
    its file, or use a model that needs none.

code/template
    A chat template does more than format messages: it reaches for attributes that lead out of the
    sandbox, or waits for something. Read it at the line named. Found are: names, attributes, calls
    and filters outside an allow-list, however they are put together; words of language that are
    looked for in a message, in any way of comparing; decisions by the date; text of the template's
    own that depends on a length or count, on the name of a tool, or on markup in a message. Not
    found are: text that is always added, or by role or option; tags and switches such as `/think`
    that change markup alone; text about tools where there are tools; what the model does with it.

code/template-unclear
    A chat template compares or looks up something that is put together while it runs, which this
    reader does not follow. Read it at the line named, or ask the publisher for one without.

code/template-unparsed
    A chat template could not be parsed, so nobody can say what it does: it is not Jinja, longer
    than 1 MiB, or nested too deep. Exclude it, or ask the publisher.

code/unreadable
    A configuration, template, header or archive that a loader reads could not be read here, is too
    long, or means different things to different readers (a key twice). An archive in an archive is
    one that nobody opened. Exclude it, or ask the publisher.

code/hub-flagged
    A scanner of the Hub says that the file is unsafe. That nothing was found would prove nothing;
    this does not say that much either, but somebody has to look before it is used.

code/hub-caution
    A scanner of the Hub is suspicious of the file without calling it unsafe. A warning.

code/pickle-by-product
    A pickle that training left behind (training_args.bin). No loader of the model opens it, and
    whoever does runs it. Exclude it. A warning unless the profile requires it.

code/pass
    That loading the selected files runs nothing, or nothing but what you allow by its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.case.case import Case
from provenance.case.leaving import lines_without
from provenance.checks.code.allowing import NOTE, UNREAD, Allowed
from provenance.claims.claim import CodeClaim
from provenance.formats.names import is_by_product
from provenance.policy.table import CLOSURE
from provenance.selection import literal
from provenance.verdict import Finding, Level, failed, passed, unknown

CHECKPOINT = re.compile(r"(?:tmp-)?checkpoint-[\w-]+")
UNSAFE = frozenset({"unsafe", "malicious", "danger", "dangerous", "error"})
NEXT = {
    "remote-code": "use a model that needs none",
    "kernel": "use a model that needs none",
    "template": "read the template before anybody renders it",
    NOTE: "it is installed, and what it is given comes from this file: have that signed",
}

RULES_OF_MEMBERS = ("closure/failing", "closure/unjudged", "closure/unpinned", "closure/unread")
"""While each of them counts, and nothing is waived of it, `closure` answers for a member's code."""


def check(case: Case) -> Iterator[Finding]:
    """Whether loading the selected files runs anything that the policy does not list."""
    allowed, members = Allowed(case=case), _members(case)
    every = (claim for claim in case.files.code_claims if not _is_own(case, claim))
    claims = [claim for claim in every if claim.elsewhere not in members]
    found = [claim for claim in claims if not allowed.covers(claim)]
    yield from (_finding(allowed, claim) for claim in found)
    yield from _by_products(case)
    flagged = list(_flagged(case))
    yield from flagged
    if not flagged and all(claim.code == NOTE for claim in found):
        but = f" but what you allow: {allowed}" if len(found) < len(claims) else ""
        yield passed("code/pass", f"nothing that a loader would run{but}")


def _members(case: Case) -> frozenset[str]:
    """The repositories that `closure` judges, with all the code that they bring."""
    policy = case.policy
    if CLOSURE not in policy.checks or any(
        policy.level(rule) is not Level.REQUIRE for rule in RULES_OF_MEMBERS
    ):
        return frozenset()
    claims = case.closure.claims.by_model
    waived = {one.subject for one in policy.waivers if one.rule.startswith(f"{CLOSURE}/")}
    named = {claim.repo for claim in claims if claim.repo and not claim.only}
    return frozenset(named - waived)


def _is_own(case: Case, claim: CodeClaim) -> bool:
    """Whether the model names itself, and the file lies in it: that is judged where it lies."""
    facts = case.evidence.facts
    own = {case.evidence.ref.repo, facts.id if facts else None}
    return claim.elsewhere in own and claim.module in case.evidence.manifest.by_path


def _finding(allowed: Allowed, claim: CodeClaim) -> Finding:
    rule = f"code/{claim.code}"
    if claim.code in UNREAD:
        return unknown(rule, f"{claim.detail}: exclude it, or ask the publisher", claim.path)
    if claim.code in NEXT:
        return failed(rule, f"{claim.detail}: {NEXT[claim.code]}", claim.path)
    return failed(rule, f"{claim.detail}; {allowed.line(claim)}", claim.path)


def _flagged(case: Case) -> Iterator[Finding]:
    """What the Hub's scanners say of selected files: it can only lower the answer."""
    for flag in case.evidence.facts.flags if case.evidence.facts else ():
        if flag.path in case.evidence.manifest.by_path:
            rule = "code/hub-flagged" if flag.level in UNSAFE else "code/hub-caution"
            message = f"the Hub's scanners call it {flag.level!r}: read their report, or exclude it"
            yield failed(rule, message, flag.path)


def _by_products(case: Case) -> Iterator[Finding]:
    imports: dict[str, list[str]] = {}
    for seen in case.evidence.observations:
        if seen.code == "pickle-import":
            imports.setdefault(seen.path, []).append(seen.detail)
    paths = [file.path for file in case.evidence.manifest.files if is_by_product(file.path)]
    lines = lines_without(case.evidence, dict.fromkeys(map(_with_its_checkpoint, paths)))
    for path in paths:
        what = f" (imports {', '.join(imports[path][:5])})" if path in imports else ""
        then = f"leave it out, and others like it:\n{lines}" if path == paths[0] else "leave it out"
        yield failed(
            "code/pickle-by-product",
            f"a pickle that training left behind{what}, which no loader needs: {then}",
            path,
        )


def _with_its_checkpoint(path: str) -> str:
    """The pattern that leaves out a by-product, and all of the checkpoint that it is of."""
    folder, _, name = path.partition("/")
    return f"{literal(folder)}/" if name and CHECKPOINT.fullmatch(folder) else literal(path)
