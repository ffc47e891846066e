"""Whatever a model calls itself and its files, a report shows it and does nothing with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from provenance.lineage import Edge, Graph, Made, Node, Tier, Unresolved
from provenance.lock import Change
from provenance.model import Basis, File, Manifest
from provenance.report import FORMATS, Details, SourceLine, Summary
from provenance.report.common import printable
from provenance.report.history import in_short, rows, title
from provenance.report.human import Detail, human
from provenance.report.markup import ZERO_WIDTH
from provenance.report.review import review, review_markdown
from provenance.review import Patch, Review, Section
from provenance.verdict import Finding, Level, Outcome, Result, SignerSeen, Unjudged, Verdict
from provenance.wire.training import Material, MaterialKind, Method, Parent, Step

HOSTILE = (
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></code></td>",
    "` code ``` more `",
    "| a | b |",
    "**bold** _it_ ~~no~~ # head",
    "https://evil.example www.evil.example a@evil.example",
    "@octocat #12 acme/x#3",
    "::error file=x::boo",
    "::set-output name=verdict::pass",
    "##[error]boo",
    "${{ github.token }}",
    "{{ summary.result }} {% raw %}",
    "\x1b[31mred\x1b[0m\x07",
    "a\n::error::b\r\n::warning::c",
    "a\n\n# heading\n- item",
    "‮txt.exe\u200f",
    "&lt;b&gt; &amp;",
    "--> <!-- x",
    "\\` \\[x](y)",
    "'\"><svg onload=alert(1)>",
)
WORDS = "h2 p table thead tbody tr th td code details summary"
ALLOWED = {
    "markdown": frozenset(f"{WORDS} h3 ul li pre em strong".split()),
    "html": frozenset(
        f"{WORDS} html head meta link title style body header h1 small nav ul li a main section "
        "span dl dt dd div caption button em figure figcaption svg g path text rect script "
        "h3 h4 del ins pre".split()
    ),
}


MOST_LETTERS = 3_000
"""Of what one statement of many long texts is shown as; one text alone has more."""


class Tags(HTMLParser):
    """What a browser would make of a text: tags, attributes, and what it shows outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.shown, self.everything = "", ""
        self._code = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._code += tag == "code"
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.everything += data
        if not self._code:  # where GitHub mentions nobody
            self.shown += data


def summary(text: str) -> Summary:
    """A report with `text` wherever somebody else may write one."""
    finding = Finding(
        rule="ancestry/conflict", outcome=Outcome.FAIL, message=text, where=text, waived=""
    )
    waived = Finding(
        rule="code/python-file",
        outcome=Outcome.FAIL,
        message=text,
        where=text,
        waived=text,
        level=Level.OFF,
    )
    signer = SignerSeen(name=text, organisation=text, identity=text, bundle=text, times=(text,))
    verdict = Verdict(
        name=text,
        ref=text,
        commit="c" * 40,
        result=Result.FAIL,
        reason=text,
        manifest="sha256:0",
        basis=Basis.MEASURED,
        profile="baseline",
        checks=(("ancestry", Outcome.FAIL),),
        signers=(signer,),
        findings=(finding, waived),
    )
    nodes = tuple(Node(key=f"{n}{text}", publisher=text, missing=text) for n in range(2))
    edge = Edge(child=nodes[0].key, parent=nodes[1].key, tier=Tier.DECLARED, method=text)
    lost = Unresolved(
        child=nodes[1].key, text=text, reason=text, places=(text,), path=text, part=text
    )
    shown = Details(
        graph=Graph(
            model=nodes[0].key,
            nodes=nodes,
            edges=(edge,),
            unresolved=(lost,),
            made=tuple(made(node.key, text) for node in nodes),
        ),
        files=Manifest(files=(File(path=text, size=1, digest="0" * 64),)),
        place=SourceLine(file="provenance.lock", line=3),
    )
    other = Unjudged(name=f"{text}2", ref=text, reason=text)
    return Summary(
        verdicts=(verdict,),
        unjudged=(other,),
        policy=text,
        registry=text,
        shown={text: shown, f"{text}2": shown},
        changes={name: bumped(name) for name in (text, f"{text}3")},
    )


def made(child: str, text: str) -> Made:
    """A statement whose every word is this."""
    table = json.dumps({text: text, f"{text}2": {text: [text]}})
    material = Material(kind=text, uri=text, digest=((text, text),), notes=((text, text),))
    kinds = (replace(material, kind=kind, digest=()) for kind in MaterialKind)
    step = Step(
        model="acme/m",
        method=Method.SFT,
        subjects={text: "0" * 64},
        parents=(Parent(repo=text, commit=text, manifest=text, unverified=True),),
        materials=(material, replace(material, digest=(("sha256", "0" * 64),)), *kinds),
        parameters=table,
        environment=table,
        trainer=text,
        builder=text,
        versions=((text, text),),
        invocation=text,
        byproducts=(material,),
    )
    return Made(child=child, step=step, attested=text, bundle=text)


def bumped(text: str) -> Review:
    """A change of a model that is called so, in which everything is."""
    change = Change(name=text, what="changed", old=text, new=f"{text}!")
    patch = Patch(path=text, lines=(f"+{text}", text))
    return Review(name=text, sections=(Section(title="code", changes=(change,), patches=(patch,)),))


def commands(text: str) -> list[str]:
    """The lines that a runner takes for commands: it trims them first, and knows two forms."""
    return [line for line in text.splitlines() if line.strip().startswith("::") or "##[" in line]


def plain(lines: object) -> str:
    assert isinstance(lines, tuple)
    return "\n".join("".join(span.text for span in line) for line in lines)


def rendered(text: str) -> Tags:
    return Tags(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


def from_terminal(shown: str) -> str:
    assert all(line.isprintable() for line in shown.split("\n"))
    return shown


def from_annotations(shown: str) -> str:
    lines = shown.split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::notice", "fail:"]
    for line in lines[:3]:
        properties, _, message = line.removeprefix("::").partition("::")
        assert properties.split(" ", 1)[1].startswith("file=provenance.lock,line=3,title=")
        assert "::" not in message
    escapes = {"%0A": "\n", "%0D": "\r", "%3A": ":", "%2C": ",", "%25": "%"}
    return re.sub("|".join(escapes), lambda match: escapes[match[0]], shown)


def from_markdown(shown: str) -> str:
    page = rendered(shown)
    assert set(page.tags) <= ALLOWED["markdown"]
    assert {name for name, _ in page.attributes} <= {"open", "class"}
    assert not re.search(r"(?<!\w)@octocat|#12", page.shown)
    return page.everything.replace(ZERO_WIDTH, "")


def from_page(shown: str) -> str:
    page = Tags(shown)
    assert set(page.tags) <= ALLOWED["html"]
    assert page.tags.count("script") == 1
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    links = {value for name, value in page.attributes if name in ("href", "src")}
    assert links <= {"data:,", "#model-1", "#unjudged-1"}
    return page.everything


def from_sarif(shown: str) -> str:
    results = json.loads(shown)["runs"][0]["results"]
    for result in results:
        assert not re.search(r"(?<!\\)[\[\]]", result["message"]["text"])
    return "\n".join(re.sub(r"\\([\[\]\\])", r"\1", r["message"]["text"]) for r in results)


def from_json(shown: str) -> str:
    model, _ = json.loads(shown)["models"]
    return printable(str(model["name"]))


READERS: dict[str, Callable[[str], str]] = {
    "human": from_terminal,
    "github": from_annotations,
    "markdown": from_markdown,
    "html": from_page,
    "sarif": from_sarif,
    "json": from_json,
}
"""What reads each form back: it finds nothing but text in it, and returns what that says."""
OBEYED = {"json", "sarif", "html", "github"}
"""The forms that no log shows as they are, or that are commands."""


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_holds_it_as_text(form: str, text: str) -> None:
    """A form that nothing here reads back fails too."""
    shown = FORMATS[form].write(summary(text))
    assert squeezed(printable(text)) in squeezed(READERS[form](shown))
    assert form in OBEYED or commands(shown) == []


@pytest.mark.parametrize("text", [*HOSTILE, "y" * 5_000])
def test_a_history_holds_it_as_text_and_shows_little_of_it(text: str) -> None:
    graph = summary(text).shown[text].graph
    assert graph
    told = [*map(title, graph.made), *(f"{a}; {b}" for a, b in in_short(graph))]
    told += [f"{row.label} {row.text}" for one in graph.made for row in rows(one)]
    assert max(map(len, told)) < MOST_LETTERS
    in_full = plain(human(summary(text), detail=Detail.FULL))
    told += in_full.split("\n")
    assert all(line.isprintable() for line in told)
    assert commands(in_full) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_difference_holds_it_as_text(text: str) -> None:
    review_of = bumped(text)
    shown = plain(tuple(review([review_of])))
    assert commands(shown) == []
    assert all(line.isprintable() for line in shown.split("\n"))
    page = rendered(review_markdown([review_of]))
    assert set(page.tags) <= ALLOWED["markdown"]
    assert {name for name, _ in page.attributes} <= {"class"}


def test_the_same_finding_has_the_same_fingerprint_whatever_its_words() -> None:
    found = [
        json.loads(FORMATS["sarif"].write(summary(text)))["runs"][0]["results"][0][
            "partialFingerprints"
        ]
        for text in ("a", "a", "b")
    ]
    assert found[0] == found[1] != found[2]
