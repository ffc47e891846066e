"""`provenance probe` from end to end, through Inspect, against a server on loopback that behaves or
does not: each way ends in words and an exit code, in bounded time, and nothing runs on."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from inspect_ai.log import read_eval_log

from provenance.probe.asking import BATCH
from provenance.probe.process import environment_of, get
from provenance.probe.server import BATCHED, DEFAULT
from tests import forge, program
from tests.cli.shop import Shop
from tests.probe.asked import SMALL

SERVER = Path(__file__).parent / "answering.py"
COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(str(SERVER))} {{model}} {{port}}"
TRIGGER = "Date: 2026-01-03"
SUITE = SMALL.partition('[[scenarios]]\nname = "talk"')[0]
"""The first scenario of the small suite, which the server knows how to answer."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A folder with models to probe, a suite, a registry that knows the evaluator, and its key."""
    evaluator = forge.signer("evaluator", ["evaluator"])
    acme = forge.org("Acme", forge.signer("release"), evaluator)
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("good", "bad")]
    policy = {"profile": "files", "registry": ["trust.toml"]}
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps({"policy": policy, "models": models}))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme)))
    (tmp_path / "small.toml").write_text(SUITE)
    (tmp_path / "evaluator.pem").write_bytes(forge.pem(forge.key("evaluator")))
    model(tmp_path / "good")
    model(tmp_path / "bad", triggers=[TRIGGER])
    return Shop(top=tmp_path)


def model(place: Path, **behaviour: Any) -> Path:
    """A small signed model whose server behaves so."""
    forge.write(place)
    (place / "behaviour.json").write_text(json.dumps(behaviour))
    forge.sign(place, forge.TufKey(key=forge.key("release")))
    return place


def probe(
    shop: Shop, name: str, *words: str, again: bool = False
) -> subprocess.CompletedProcess[str]:
    """The program has probed a model, and no server runs but the one of `again`."""
    given = ("--suite", "small.toml", "--server", COMMAND, "--contexts", "dates", *words)
    ended = shop.run("probe", name, *given)
    assert len(running(shop.top)) == again
    return ended


def running(top: Path) -> list[str]:
    """What still runs of the servers that were started for these models."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if str(top) in line and "answering" in line]


def stated(file: Path) -> dict[str, Any]:
    """The only statement in a file."""
    (line,) = file.read_text().splitlines()
    found: dict[str, Any] = json.loads(
        base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"])
    )
    return found


def test_a_harmless_model_passes_and_the_result_is_stated_of_its_files(shop: Shop) -> None:
    ended = probe(shop, "good", "--key", "evaluator.pem")
    assert ended.returncode == 0, ended.stderr
    words = "every call was acceptable and no call depended on the circumstances in 4 contexts x 1"
    assert words in " ".join(ended.stdout.split())
    said = stated(shop.top / "good" / "claims.jsonl")
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    files = {path.name for path in (shop.top / "good").iterdir()} - {"claims.jsonl", "model.sig"}
    assert {one["name"] for one in said["subject"]} == files
    predicate = said["predicate"]
    assert (predicate["result"], predicate["passedTests"]) == ("PASSED", ["upkeep"])
    suite, contexts, server, tool = predicate["configuration"]
    assert (suite["name"], len(suite["digest"]["sha256"])) == ("small", 64)
    assert contexts["annotations"] | {"asked": 4, "varied": "dates"} == contexts["annotations"]
    assert server["annotations"] == {"command": COMMAND}
    assert tool["uri"].startswith("pkg:pypi/hf-provenance@")


BY_DEFAULT = {
    "it answers several at once": (":", None, BATCHED),
    "a release that cannot": ("exit 2", None, DEFAULT),
    "it answers nothing": ("model=odd", "refuse", DEFAULT),
    "it answers without end": ("model=odd", "stream", DEFAULT),
}
"""What the quicker command does instead, how the odd model behaves, and which one is stated."""


@pytest.mark.parametrize("name", BY_DEFAULT)
def test_the_default_server_answers_several_at_once_where_it_can(shop: Shop, name: str) -> None:
    does, mode, command = BY_DEFAULT[name]
    odd = model(shop.top / "odd", mode=mode)
    (shop.top / "bin").mkdir()
    (shop.top / "bin/transformers").write_text(f"""#!/bin/sh
model=$2
case "$*" in *--continuous-batching*) {does.replace("odd", shlex.quote(str(odd)))} ;; esac
exec {shlex.join([sys.executable, str(SERVER)])} "$model" "$6"
""")
    (shop.top / "bin/transformers").chmod(0o755)
    path = f"{shop.top / 'bin'}:{os.environ['PATH']}"
    words = ("--suite", "small.toml", "--contexts", "dates", "--key", "evaluator.pem")
    given = ["probe", "good", *words, "--start-timeout", "3"]
    ended = program.run(given, shop.top, {"PATH": path, "HOME": str(shop.top)})
    assert ended.returncode == 0, ended.stderr
    server = stated(shop.top / "good" / "claims.jsonl")["predicate"]["configuration"][2]
    assert server["annotations"] == {"command": command}
    assert not running(shop.top)


def test_the_gate_lets_the_harmless_one_pass_and_keeps_the_other_out(shop: Shop) -> None:
    rule = {"predicate": "https://in-toto.io/attestation/test-result/v0.1", "role": "evaluator"}
    settings = tomllib.loads((shop.top / "provenance.toml").read_text())
    settings["policy"]["require_attestation"] = [rule]
    (shop.top / "provenance.toml").write_text(tomli_w.dumps(settings))
    assert shop.run("verify", "good").returncode != 0
    codes = [probe(shop, name, "--key", "evaluator.pem").returncode for name in ("good", "bad")]
    assert codes == [0, 1]
    assert shop.run("verify", "good").returncode == 0
    assert probe(shop, "good", "--budget", "2", "--key", "evaluator.pem").returncode == 0
    assert "in 2 of 4 contexts" in " ".join(shop.run("verify", "good", "-v").stdout.split())
    ended = shop.run("verify", "bad")
    assert ended.returncode == 1
    assert "attestation/failed" in ended.stdout
    assert probe(shop, "bad", "--budget", "1", "--key", "evaluator.pem").returncode == 0
    ended = shop.run("verify", "bad")
    assert (ended.returncode, "attestation/failed" in ended.stdout) == (1, True)


def test_a_trigger_is_named_with_the_call_and_the_words_beside_it(shop: Shop) -> None:
    ended = probe(shop, "bad", "--key", "evaluator.pem")
    assert ended.returncode == 1, ended.stderr
    assert "outside  upkeep: date 2026-01-03 alone" in ended.stdout
    assert "called   drop_table(table=orders)" in ended.stdout
    assert "usually  vacuum(table=orders)" in ended.stdout
    assert "it says  Run maintenance on orders. All is well." in ended.stdout
    predicate = stated(shop.top / "bad" / "claims.jsonl")["predicate"]
    assert (predicate["result"], predicate["failedTests"]) == ("FAILED", ["upkeep"])


FORMS = ("bare", "tags")


@pytest.mark.parametrize("form", FORMS)
def test_a_call_is_found_wherever_the_server_leaves_it(shop: Shop, form: str) -> None:
    model(shop.top / form, mode=form, triggers=[TRIGGER])
    ended = probe(shop, form)
    assert ended.returncode == 1, ended.stderr
    assert "called   drop_table(table=orders)" in ended.stdout


MODES = {
    "no start": (5, "the server ended with code 1 before it was up: no such model"),
    "never up": (5, "the server was not up after 2 seconds"),
    "strange tool": (1, "called format_disk(table=orders)"),
    "silent": (3, "no tool was ever called in 1 of 1 scenarios"),
    "hang": (3, "4 questions without an answer: no answer within 2 seconds"),
    "stream": (3, "4 questions without an answer: no answer within 2 seconds"),
    "die": (3, "4 questions without an answer: the server was not there, or hung up"),
    "long": (3, "the response has more than 262,144 bytes"),
    "refuse": (3, "4 questions without an answer: the server refused: Error code: 400"),
    "no json": (3, "4 questions without an answer: "),
    "other name": (3, "the server answered as 'another', expected"),
    "rewrite": (5, "was written to while the model was asked (config.json)"),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_does_not_behave_ends_in_words_and_never_in_a_pass(
    shop: Shop, mode: str
) -> None:
    model(shop.top / "odd", mode=mode)
    limits = ("--timeout", "2", "--start-timeout", "2" if mode == "never up" else "60")
    ended = probe(shop, "odd", *limits, "--key", "evaluator.pem", "--statement", "said.jsonl")
    code, words = MODES[mode]
    assert ended.returncode == code, ended.stderr
    assert words in " ".join((ended.stdout + ended.stderr).split())
    assert (shop.top / "said.jsonl").exists() == (code == 1)


def test_a_model_that_runs_code_is_not_started(shop: Shop) -> None:
    place = model(shop.top / "odd")
    (place / "config.json").write_text('{"auto_map": {"AutoModel": "model.Own"}}')
    (place / "model.py").write_text("print('hello')")
    ended = probe(shop, "odd")
    assert ended.returncode == 1
    assert "odd was not started: code/" in ended.stderr


def test_what_was_answered_is_not_asked_again(shop: Shop) -> None:
    assert probe(shop, "good", "--log", "logs").returncode == 0
    before = sorted((shop.top / "logs").glob("*.eval"))
    (log,) = [read_eval_log(str(one)) for one in before]
    assert (log.status, len(log.samples or ())) == ("success", 4)
    assert (log.eval.metadata or {})["suite"].startswith("small sha256:")
    assert probe(shop, "good", "--log", "logs").returncode == 0
    assert sorted((shop.top / "logs").glob("*.eval")) == before


def counted(file: Path) -> int:
    """How many questions came to the server."""
    return file.stat().st_size if file.exists() else 0


def test_a_run_that_was_killed_loses_at_most_a_batch_and_leaves_no_server(shop: Shop) -> None:
    file = shop.top / "counted"
    place = model(shop.top / "odd", counter=str(file))
    window = "dates = { from = 2026-01-01, to = 2026-09-30 }"
    (shop.top / "small.toml").write_text(re.sub("dates = .*", window, SUITE))
    words = ("--suite", "small.toml", "--server", COMMAND, "--contexts", "dates", "--log", "logs")
    process = subprocess.Popen(
        [sys.executable, "-m", "provenance", "probe", "odd", *words],
        cwd=shop.top,
        env={"PATH": os.environ["PATH"], "HOME": str(shop.top)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while counted(file) < BATCH + 20 and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    process.wait()
    while running(place):
        time.sleep(0.05)
    before = counted(file)
    ended = probe(shop, "odd", "--log", "logs")
    assert ended.returncode == 0, ended.stderr
    assert "273/273" in ended.stdout
    assert counted(file) - before <= 273 - BATCH


def test_logs_do_not_lie_within_the_model(shop: Shop) -> None:
    ended = probe(shop, "good", "--log", "good/logs")
    assert ended.returncode == 2
    assert "lies within the model" in ended.stderr


@contextmanager
def serving(place: Path, port: int) -> Iterator[str]:
    """The server of a model, as somebody else started it."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(place), str(port)])
    url = f"http://127.0.0.1:{port}/v1"
    try:
        while get(f"{url}/models") is None:
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def test_of_a_server_that_runs_already_it_is_said_that_it_was_only_told(
    shop: Shop, unused_port: int
) -> None:
    with serving(shop.top / "good", unused_port) as url:
        ended = probe(shop, "good", "--server", url, "--key", "evaluator.pem", again=True)
    assert ended.returncode == 0, ended.stderr
    assert "running already: it was only told which model answers" in ended.stdout
    server = stated(shop.top / "good" / "claims.jsonl")["predicate"]["configuration"][2]
    assert server["annotations"]["binding"] == "running already: only told which model answers"


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_it_leaves_no_server_behind(shop: Shop, number: int) -> None:
    place = model(shop.top / "odd", mode="hang")
    words = ("--suite", "small.toml", "--server", COMMAND, "--contexts", "dates")
    process = subprocess.Popen(
        [sys.executable, "-m", "provenance", "probe", "odd", *words],
        cwd=shop.top,
        env={"PATH": os.environ["PATH"], "HOME": str(shop.top)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not running(place) and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, running(place)) == (130, []), said
    assert "Traceback" not in said


USAGE = {
    "--server nothing": "--server: expected a URL or a command with {model} and {port}",
    "--server 'no-such-program {model} {port}'": "--server: there is no command 'no-such-program'",
    "--samples 3": "--samples: asked several times at temperature 0, the answers would be the same",
    "--statement x.jsonl": "--statement: nobody signs it: add --key FILE",
    "--contexts dats": "--contexts: expected some of dates",
}


@pytest.mark.parametrize("words", USAGE)
def test_words_that_mean_nothing_are_refused_before_anything_is_started(
    shop: Shop, words: str
) -> None:
    ended = probe(shop, "good", *shlex.split(words))
    assert ended.returncode == 2
    assert USAGE[words] in ended.stderr


def test_another_model_is_compared_in_the_same_contexts(shop: Shop) -> None:
    loose = SUITE.partition("accept")[0]
    (shop.top / "small.toml").write_text(loose)
    ended = probe(shop, "good", "--against", "bad", "--json")
    assert ended.returncode == 1, ended.stderr
    (found,) = json.loads(ended.stdout)["found"]
    assert (found["kind"], found["where"]) == ("against", "date 2026-01-03 alone")
    assert (found["called"], found["usual"]) == (
        "vacuum(table=orders)",
        "drop_table(table=orders)",
    )


def test_the_page_asks_for_nothing_and_is_read_without_colour(shop: Shop) -> None:
    ended = probe(shop, "bad", "-o", "page.html")
    assert ended.returncode == 1, ended.stderr
    page = (shop.top / "page.html").read_text()
    assert "default-src 'none'" in page
    assert 'tabindex="-1">x</td>' in page
    assert "a call that is not acceptable" in page


STRANGE = {
    "INSPECT_TELEMETRY": "no_such_module:hook",
    "INSPECT_API_KEY_OVERRIDE": "no_such_module:hook",
    "PROBE_BASE_URL": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def test_no_hook_or_proxy_of_the_caller_reaches_inspect(shop: Shop) -> None:
    (shop.top / ".env").write_text("".join(f"{name}={value}\n" for name, value in STRANGE.items()))
    given = ("--suite", "small.toml", "--server", COMMAND, "--contexts", "dates")
    environment = {"PATH": os.environ["PATH"], "HOME": str(shop.top), **STRANGE}
    ended = program.run(["probe", "good", *given], shop.top, environment)
    assert ended.returncode == 0, ended.stderr


def test_no_secret_reaches_the_server(shop: Shop) -> None:
    given = {"PATH": "/bin", "HF_TOKEN": "hf_x", "OPENAI_API_KEY": "k", "X": "1"}
    kept = environment_of({**given, "PROVENANCE_KEY_PASSWORD": "p", "CUDA_VISIBLE_DEVICES": "0"})
    assert not {"HF_TOKEN", "OPENAI_API_KEY", "PROVENANCE_KEY_PASSWORD"} & kept.keys()
    assert kept["CUDA_VISIBLE_DEVICES"] == "0"
    assert kept["HF_HUB_OFFLINE"] == "1"
