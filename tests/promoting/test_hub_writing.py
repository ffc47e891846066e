"""A model is promoted to another repository of a Hub, by one commit."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.source.hub.writing import HubWriter
from provenance.source.progress import Silent
from tests import forge
from tests.hub import Answer, Hub, Request
from tests.hub.values import document
from tests.hubs import REPO, desk, signed
from tests.promoting.docks import Dock, Pier, rules

COPY = "bank/bot"
WRITES = re.compile(r"/api/(?:repos/create|models/(.+?)/(preupload|commit)/.+)")


class Taking:
    """What a Hub does with what is sent to it; `spoils` is a file of which it keeps other bytes."""

    def __init__(self, hub: Hub, spoils: str = "") -> None:
        self.hub, self.spoils = hub, spoils

    def __call__(self, request: Request, found: Answer) -> Answer:
        if request.path == "/api/validate-yaml":
            return document({"errors": [], "warnings": []})
        matched = WRITES.fullmatch(request.path)
        if request.method != "POST" or not matched:
            return found
        if matched[2] == "preupload":
            asked = json.loads(request.body)["files"]
            modes = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in asked
            ]
            return document({"files": modes})
        if matched[2] == "commit":
            return self._commit(matched[1], request.body)
        asked = json.loads(request.body)
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else COPY
        self.hub.commit(name, {".gitattributes": b"*.safetensors filter=lfs\n"})
        return document({"url": f"{self.hub.url}/{name}", "name": name})

    def _commit(self, repo: str, body: bytes) -> Answer:
        lines = [json.loads(line) for line in body.splitlines()]
        files = {
            one["value"]["path"]: base64.b64decode(one["value"]["content"])
            for one in lines
            if one["key"] == "file"
        }
        files |= {path: b"{}" for path in files if path == self.spoils}
        gone = [one["value"]["path"] for one in lines if one["key"] == "deletedFile"]
        oid = self.hub.commit(repo, files, remove=gone)
        return document({"commitUrl": f"{self.hub.url}/{repo}/commit/{oid}", "commitOid": oid})


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Pier]:
    """A desk at a Hub that takes commits."""
    with Hub(tmp_path) as hub:
        commit = hub.commit(REPO, signed(tmp_path / "m", forge.MODEL))
        hub.on("/api/", Taking(hub))

        def put(path: str, data: bytes) -> None:
            hub.commit(COPY, {path: data})

        dock = Dock(
            to=COPY,
            read=dict,
            put=put,
            foreign=lambda: put("notes.txt", b"ours"),
            variables={"HF_TOKEN": "hf_test"},
        )
        made = Pier(desk=desk(tmp_path, hub), dock=dock, commit=commit)
        made.trust()
        made.key.write_bytes(forge.pem(forge.key("gate")))
        made.desk.locked({"repo": REPO})
        yield made


def test_a_copy_on_a_hub_is_judged_as_its_origin(there: Pier) -> None:
    for already in (False, True):
        code, told = there.promote()
        assert (code, "lies there already" in told) == (0, already), told
    code, model = there.verify()
    assert (code, model["mirror_of"]) == (0, there.origin), model
    there.dock.put("config.json", b'{"model_type": "llama", "hidden_size": 8}')
    code, model = there.verify()
    assert (code, "integrity/import-mismatch" in rules(model)) == (1, True)


def test_a_new_release_gives_way_and_what_others_put_there_does_not(there: Pier) -> None:
    assert there.promote()[0] == 0
    newer = there.release(config_json=b'{"model_type": "llama", "hidden_size": 8}')
    code, told = newer.promote()
    assert (code, "--replace" in told) == (2, True)
    code, told = newer.promote("--replace")
    assert code == 0, told
    code, model = newer.verify()
    assert (code, model["mirror_of"]) == (0, newer.origin), model
    there.dock.foreign()
    code, told = newer.promote("--replace")
    assert (code, "promote did not put there: notes.txt" in told) == (2, True), told


def test_a_hub_that_keeps_other_bytes_is_told_of(there: Pier) -> None:
    there.desk.hub.calm()
    there.desk.hub.on("/api/", Taking(there.desk.hub, spoils="tokenizer.json"))
    code, told = there.promote()
    assert (code, "tokenizer.json: expected" in told, "the Hub has" in told) == (5, True, True)


@pytest.mark.parametrize("endpoint", [None, "", "ftp://hub.example"])
def test_nothing_is_published_on_a_hub_that_nobody_named(endpoint: str | None) -> None:
    with pytest.raises(ConfigError, match="name the Hub to write to"):
        HubWriter.of(COPY, endpoint=endpoint, token=None, progress=Silent())
