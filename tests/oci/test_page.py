"""The page on artifacts, typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from provenance import manual
from tests.hub import Hub
from tests.hubs import desk, signed
from tests.oci import artifacts
from tests.oci.artifacts import attached
from tests.oci.server import Registry

HOST = "registry.acme.example"


def test_its_lines_do_what_they_say(tmp_path: Path) -> None:
    page = manual.topics()["artifacts"]
    with Hub(tmp_path) as hub, Registry() as registry:
        files = signed(tmp_path / "signed")
        bundle = files.pop("model.sig")
        attached(registry, artifacts.raw(registry, files), bundle)
        made = desk(tmp_path, hub)
        text = page.replace(HOST, registry.host)
        (settings,) = re.findall(r"```toml\n(.*?)```", text, re.S)
        own = 'policy.registry = ["trust.toml"]\n'
        (made.folder / "provenance.toml").write_text(own + settings)
        (lines,) = re.findall(r"```sh\n(.*?)```", text, re.S)
        for line in lines.splitlines():
            program, *words = shlex.split(line, comments=True)
            assert program == "provenance"
            ended = made.run(*words)
            assert ended.returncode == 0, (line, ended.stdout, ended.stderr)
        names = {place.name for place in (made.folder / "model").iterdir()}
    assert set(files) < names
    (beside,) = names - set(files)
    assert beside.startswith("sha256-")
    assert f"{beside[:7]}….sigstore.json" in page
