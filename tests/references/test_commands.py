"""What command lines load by name: in scripts, in YAML, in Dockerfiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.references import Document, form_of
from tests.references.cases import COMMIT, Found, fixed, found

LINES: dict[str, tuple[str, list[Found], str]] = {
    "vllm serve": (
        "vllm serve acme/bot --port 80",
        [(1, "acme/bot", "", "pin")],
        f"vllm serve acme/bot --revision {COMMIT} --port 80",
    ),
    "over several lines, with a branch": (
        "vllm serve acme/bot \\\n  --revision 'v1' \\\n  --port 80",
        [(1, "acme/bot", "v1", "pin")],
        f"vllm serve acme/bot \\\n  --revision '{COMMIT}' \\\n  --port 80",
    ),
    "with another repository's tokenizer": (
        "vllm serve --model=acme/bot --tokenizer acme/tok",
        [(1, "acme/bot", "", "pin"), (1, "acme/tok", "", "pin")],
        f"vllm serve --model=acme/bot --revision {COMMIT} "
        f"--tokenizer acme/tok --tokenizer-revision {COMMIT}",
    ),
    "vLLM as a module": (
        "python3 -m vllm.entrypoints.openai.api_server --model acme/bot",
        [(1, "acme/bot", "", "pin")],
        f"python3 -m vllm.entrypoints.openai.api_server --model acme/bot --revision {COMMIT}",
    ),
    "text-generation-launcher": (
        f"text-generation-launcher --model-id acme/bot --revision={COMMIT}",
        [(1, "acme/bot", COMMIT, "pin")],
        "",
    ),
    "SGLang": (
        "python -m sglang.launch_server --model-path acme/bot",
        [(1, "acme/bot", "", "pin")],
        f"python -m sglang.launch_server --model-path acme/bot --revision {COMMIT}",
    ),
    "hf download": (
        "hf download acme/bot config.json && huggingface-cli download acme/b",
        [(1, "acme/bot", "", "pin"), (1, "acme/b", "", "pin")],
        f"hf download acme/bot --revision {COMMIT} config.json"
        f" && huggingface-cli download acme/b --revision {COMMIT}",
    ),
    "a data set": (
        "hf download --repo-type dataset acme/data",
        [(1, "acme/data", "", "aside")],
        "",
    ),
    "llama-server, which knows no revision": (
        "llama-server -hf acme/gguf:Q4_K_M",
        [(1, "acme/gguf", "", "hand")],
        "",
    ),
    "Ollama": (
        "ollama run hf.co/acme/gguf:Q4\nollama run llama3",
        [(1, "acme/gguf", "", "hand")],
        "",
    ),
    "vLLM's draft and adapters": (
        "vllm serve acme/bot --lora-modules a=acme/a b=./b "
        """--speculative-config '{"model": "x/y"}'""",
        [(1, "acme/bot", "", "pin"), (1, "x/y", "", "hand"), (1, "acme/a", "", "hand")],
        f"vllm serve acme/bot --revision {COMMIT} --lora-modules",
    ),
    "vLLM's draft of the run": (
        'vllm serve ./bot --speculative-config "$DRAFT"',
        [(1, "", "", "?")],
        "",
    ),
    "a container": (
        "docker run --gpus all vllm/vllm-openai:v1 --model acme/bot",
        [(1, "acme/bot", "", "pin")],
        f"docker run --gpus all vllm/vllm-openai:v1 --model acme/bot --revision {COMMIT}",
    ),
    "a variable of a container": (
        "docker run -e MODEL_ID=acme/bot ghcr.io/huggingface/text-embeddings-inference:1",
        [(1, "acme/bot", "", "hand")],
        "",
    ),
    "a variable of the script": (
        'MODEL="acme/bot"  # the one\nvllm serve "$MODEL"',
        [(2, "acme/bot", "", "pin")],
        f'vllm serve "$MODEL" --revision {COMMIT}',
    ),
    "a variable that is set twice": (
        "M=acme/bot\nM=acme/b\nvllm serve $M",
        [(3, "", "", "?")],
        "",
    ),
    "a variable of the run": ("vllm serve ${1}", [(1, "", "", "?")], ""),
    "a revision of the run": ("vllm serve acme/bot --revision $R", [(1, "acme/bot", "", "?")], ""),
    "a command in a command": (
        'D="$(hf download acme/bot)"',
        [(1, "acme/bot", "", "pin")],
        f'D="$(hf download acme/bot --revision {COMMIT})"',
    ),
    "a program that nobody knows": (
        "python train.py --model_name_or_path acme/bot\nx --model resnet50",
        [(1, "acme/bot", "", "hand")],
        "",
    ),
    "a path": ("vllm serve ./bot\nvllm serve /models/bot\nvllm serve ~/bot", [], ""),
    "a comment": ("# vllm serve acme/bot\necho 'vllm # serve'", [], ""),
    "Python within": (
        "python -c \"X.from_pretrained('acme/bot')\"",
        [(1, "", "", "?")],
        "",
    ),
    "a text for another that loads": (
        "kubectl apply -f - <<EOF\nargs: [--model, a/b]\nEOF\ncat <<EOF\nvllm serve a/b\nEOF\n",
        [(2, "", "", "?"), (5, "", "", "?")],
        "",
    ),
    "a sentence": ("echo use hf download to get it\nvllm serve gpt2", [(2, "gpt2", "", "pin")], ""),
    "text for another": (
        "cat <<EOF\nit's vllm\nEOF\nhf download a/b",
        [(4, "a/b", "", "pin")],
        "",
    ),
}
"""A script, what it loads, and what it is after it was pinned: empty if that is not looked at."""


@pytest.mark.parametrize("name", LINES)
def test_a_script(name: str) -> None:
    text, rows, after = LINES[name]
    assert found("shell", text) == rows
    if after or not any(how == "pin" for *_, how in rows):
        assert after in fixed("shell", text)


VLLM = "image: vllm/vllm-openai:v1\n"
TGI = "image: ghcr.io/huggingface/text-generation-inference:3\n"
YAML: dict[str, tuple[str, list[Found], str]] = {
    "arguments, one a line": (
        f"{VLLM}args:\n  - --model=acme/bot  # it\n  - --port=80\n",
        [(3, "acme/bot", "", "pin")],
        f"  - --model=acme/bot  # it\n  - --revision={COMMIT}\n  - --port=80\n",
    ),
    "arguments in brackets": (
        'command: [vllm, serve, "acme/bot"]\n',
        [(1, "acme/bot", "", "pin")],
        f'command: [vllm, serve, "acme/bot", "--revision={COMMIT}"]\n',
    ),
    "command and arguments": (
        "command: [vllm, serve]\nargs:\n- acme/bot\n- --revision\n- main\n",
        [(3, "acme/bot", "main", "pin")],
        f"- acme/bot\n- --revision\n- {COMMIT}\n",
    ),
    "arguments of the image": (
        f'{VLLM}args: ["acme/bot", "--port", "80"]\n',
        [(2, "acme/bot", "", "pin")],
        f'args: ["acme/bot", "--revision={COMMIT}", "--port", "80"]\n',
    ),
    "line ends of Windows": (
        "command:\r\n  - vllm\r\n  - serve\r\n  - acme/bot\r\n",
        [(4, "acme/bot", "", "pin")],
        f"  - acme/bot\r\n  - --revision={COMMIT}\r\n",
    ),
    "a text of Compose": (
        f"services:\n  a:\n    {VLLM}    command: --model acme/bot --port 80\n",
        [(4, "acme/bot", "", "pin")],
        f"    command: --model acme/bot --revision {COMMIT} --port 80\n",
    ),
    "a folded text": (
        "command: >-\n  vllm serve\n  acme/bot\n  --port 80\n",
        [(3, "acme/bot", "", "pin")],
        f"  acme/bot --revision {COMMIT}\n",
    ),
    "a script of CI": (
        "steps:\n  - run: |\n      set -e\n      hf download acme/bot\n      hf download acme/b\n",
        [(4, "acme/bot", "", "pin"), (5, "acme/b", "", "pin")],
        f"      hf download acme/bot --revision {COMMIT}\n",
    ),
    "a script for a shell": (
        'command: ["sh", "-c"]\nargs:\n  - |\n    vllm serve acme/bot\n',
        [(4, "acme/bot", "", "pin")],
        f"    vllm serve acme/bot --revision {COMMIT}\n",
    ),
    "with escapes": (
        'command: "vllm serve acme/bot\\t--port 80"\n',
        [(1, "acme/bot", "", "hand")],
        "",
    ),
    "a variable of TGI": (
        f"{TGI}environment:\n  MODEL_ID: acme/bot  # it\n  X: y\n",
        [(3, "acme/bot", "", "pin")],
        f'  MODEL_ID: acme/bot  # it\n  REVISION: "{COMMIT}"\n  X: y\n',
    ),
    "a variable of TGI, listed": (
        f"{TGI}environment:\n  - MODEL_ID=acme/bot\n",
        [(3, "acme/bot", "", "pin")],
        f"  - MODEL_ID=acme/bot\n  - REVISION={COMMIT}\n",
    ),
    "a variable of Kubernetes": (
        f"{TGI}env:\n- name: MODEL_ID\n  value: acme/bot\n",
        [(4, "acme/bot", "", "hand")],
        "",
    ),
    "a variable of Kubernetes with its revision": (
        f"{TGI}env:\n- name: MODEL_ID\n  value: acme/bot\n- name: REVISION\n  value: {COMMIT}\n",
        [(4, "acme/bot", COMMIT, "hand")],
        "",
    ),
    "a variable of nobody knows whom": (
        "env:\n  MODEL_ID: acme/bot\n",
        [(2, "acme/bot", "", "hand")],
        "",
    ),
    "KServe": (
        'storageUri: "hf://acme/bot:v1"\nmodel: {uri: hf://acme/b}\n',
        [(1, "acme/bot", "v1", "pin"), (2, "acme/b", "", "pin")],
        f'storageUri: "hf://acme/bot:{COMMIT}"\nmodel: {{uri: hf://acme/b:{COMMIT}}}\n',
    ),
    "values of Helm": (
        "modelSpec:\n- modelURL: acme/bot\n- model: acme/b\n  revision: v1\n- model: openai/gpt\n",
        [(2, "acme/bot", "", "hand"), (3, "acme/b", "v1", "pin")],
        f"- model: acme/b\n  revision: {COMMIT}\n",
    ),
    "what another text fills in": (
        f'{VLLM}args: ["--model", "$(MODEL)"]\n',
        [(2, "", "", "?")],
        "",
    ),
    "a draft in JSON": (
        """command: [vllm, serve, ./b, --speculative-config, '{"model": "x/y", "n": 5}']\n""",
        [(1, "x/y", "", "hand")],
        "",
    ),
    "by an alias": (
        "x: &m acme/bot\ncommand: [vllm, serve, *m]\n",
        [(2, "acme/bot", "", "hand")],
        "",
    ),
    "a sentence with half a quote": (
        "description: we don't use vllm\ncommand: hf download acme/bot\n",
        [(2, "acme/bot", "", "pin")],
        f"command: hf download acme/bot --revision {COMMIT}\n",
    ),
    "a command with half a quote": (
        "command: vllm serve acme/bot --x don't\nrun: vllm serve acme/bot\n",
        [(1, "", "", "?"), (2, "acme/bot", "", "pin")],
        f"run: vllm serve acme/bot --revision {COMMIT}\n",
    ),
    "a text in a script": (
        "run: |\n  cat <<EOF\n  vllm serve acme/bot\n  EOF\n",
        [(3, "", "", "?")],
        "",
    ),
    "prose": ("help: use hf download to get it with vllm serve then\n", [], ""),
    "a path": ("command: [vllm, serve, /models/bot]\nuses: acme/action@v1\n", [], ""),
}


@pytest.mark.parametrize("name", YAML)
def test_a_yaml_text(name: str) -> None:
    text, rows, after = YAML[name]
    assert found("YAML", text) == rows
    made = fixed("YAML", text)
    assert after in made if after else made == text


BASE = "FROM vllm/vllm-openai:v1\n"
DOCKER: dict[str, tuple[str, list[Found], str]] = {
    "a download": (
        "FROM python:3\nRUN pip install x \\\n # a comment\n && hf download acme/bot\n",
        [(4, "acme/bot", "", "pin")],
        f" && hf download acme/bot --revision {COMMIT}\n",
    ),
    "a list": (
        f'{BASE}CMD ["--model", "acme/bot"]\n',
        [(2, "acme/bot", "", "pin")],
        f'CMD ["--model", "acme/bot", "--revision={COMMIT}"]\n',
    ),
    "entry point and command": (
        'FROM x\nCMD ["acme/bot"]\nENTRYPOINT ["vllm", "serve"]\n',
        [(2, "acme/bot", "", "pin")],
        f'CMD ["acme/bot", "--revision={COMMIT}"]\n',
    ),
    "a shell's": (
        f"{BASE}CMD vllm serve acme/bot\n",
        [(2, "acme/bot", "", "pin")],
        f"CMD vllm serve acme/bot --revision {COMMIT}\n",
    ),
    "a text of its own": (
        "FROM x\nRUN <<EOF\nhf download acme/bot\nEOF\nRUN hf download acme/b\n",
        [(3, "acme/bot", "", "pin"), (5, "acme/b", "", "pin")],
        f"hf download acme/bot --revision {COMMIT}\n",
    ),
    "a variable": (
        "FROM x\nENV MODEL_ID=acme/bot\nENV MODEL_ID acme/b\n",
        [(2, "acme/bot", "", "hand"), (3, "acme/b", "", "hand")],
        "",
    ),
    "a variable of the build": (
        "ARG M=acme/bot\nFROM x\nRUN hf download $M\nRUN hf download $N\n",
        [(3, "acme/bot", "", "pin"), (4, "", "", "?")],
        f"RUN hf download $M --revision {COMMIT}\n",
    ),
    "a text in a script": (
        "FROM x\nRUN cat <<EOF > run.sh\nvllm serve acme/bot\nEOF\n",
        [(3, "", "", "?")],
        "",
    ),
    "Python within": (
        "FROM x\nRUN python -c 'snapshot_download(\"a/b\")'\n",
        [(2, "", "", "?")],
        "",
    ),
}


@pytest.mark.parametrize("name", DOCKER)
def test_a_dockerfile(name: str) -> None:
    text, rows, after = DOCKER[name]
    assert found("Dockerfile", text) == rows
    made = fixed("Dockerfile", text)
    assert after in made if after else made == text


UNREAD: dict[str, tuple[str, bytes, str]] = {
    "a chart's template": (
        "YAML",
        b"args:\n{{- if x }}\n - --model={{ .m }}\n{{- end }}\n",
        "YAML",
    ),
    "a quote without end": ("shell", b"echo \"\nvllm serve 'acme/bot\n", "quote"),
    "no UTF-8": ("YAML", b"a: \xff\n", "UTF-8"),
    "nested without end": ("YAML", b"vllm: " + b"[" * 5_000, "YAML"),
    "commands in commands": ("shell", b"$(" * 50 + b"x" + b")" * 50, "nested"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_says_why(name: str) -> None:
    form, data, words = UNREAD[name]
    with pytest.raises(Malformed, match=words):
        Document.of(form, data)


def test_what_speaks_of_nothing_is_passed_over_where_it_cannot_be_read() -> None:
    assert found("YAML", "{{- if x }}\nreplicas: {{ .r }}\n{{- end }}\n") == []


FORMS = {
    "a.py": "Python",
    "b.YAML": "YAML",
    "run.sh": "shell",
    ".env": "shell",
    "prod.env": "shell",
    "Dockerfile": "Dockerfile",
    "Dockerfile.gpu": "Dockerfile",
    "gpu.dockerfile": "Dockerfile",
    "a.ipynb": "notebook",
    "a.txt": None,
    "run": None,
}


@pytest.mark.parametrize("name", FORMS)
def test_the_form_of_a_file_is_known_by_its_name(name: str) -> None:
    assert form_of(name) == FORMS[name]


HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.mark.parametrize("name", FORMS)
def test_the_hook_is_given_what_is_read(name: str) -> None:
    hooks = yaml.loads(HOOKS.read_bytes())
    assert isinstance(hooks, list)
    (hook,) = [one for one in hooks if one["id"] == "provenance-pin"]
    given = [bool(re.search(hook["files"], path)) for path in (name, f"deploy/{name}")]
    assert given == [FORMS[name] is not None] * 2


def test_a_program_without_a_suffix_is_known_by_its_first_line() -> None:
    assert form_of("run", b"#!/usr/bin/env bash\n") == "shell"
    assert form_of("run", b"#!/usr/bin/python3\n") == "Python"
    assert form_of("run.txt", b"#!/bin/sh\n") is None


def test_a_notebook_that_loads_is_unknown() -> None:
    assert found("notebook", '{"source": ["AutoModel.from_pretrained(x)"]}') == [(1, "", "", "?")]
    assert found("notebook", '{"source": ["1 + 1"]}') == []
