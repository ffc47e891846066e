"""The process that asks, through Inspect (UK AI Security Institute): its tasks, limits and logs.

It is started with an environment of its own, so that no `.env`, hook or key of the caller reaches
Inspect, and ends with whoever started it. The first line of its standard input says whom to ask
and how, every other one is a batch of questions; a line of its output is an answer, or says that a
batch is done. What was answered before stands in the logs of the folder, and is not asked again.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from httpx2 import AsyncByteStream, Response
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalSample, read_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    Model,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from openai import DefaultAsyncHttpxClient

from provenance.probe.calls import calls_of

SERVICE = "probe"
"""What Inspect calls the server; it reads the key from PROBE_API_KEY."""
MAX_BODY = 1 << 18
"""Bytes of one response that are read."""
WORDS = 2_000
CUT = "max_tokens"
MESSAGES: Mapping[str, type[Any]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


def answer(output: ModelOutput, model: str) -> dict[str, object]:
    """What an output comes to: its calls and words, and why it is no answer if it is none."""
    message = output.choices[0].message if output.choices else None
    stated = [(call.function, call.arguments) for call in (message and message.tool_calls) or ()]
    text = message.text if message else ""
    calls = calls_of(stated, text)
    return {
        "calls": [[call.name, call.arguments] for call in calls],
        "words": text[:WORDS],
        "problem": _problem(output, bool(calls), model),
    }


def _problem(output: ModelOutput, called: bool, model: str) -> str:
    if output.error:
        return f"the server says: {output.error[:WORDS]}"
    if not output.choices:
        return "the server sent no choice"
    if output.model != model:
        return f"the server answered as {output.model[:200]!r}, expected {model!r}"
    if output.stop_reason == CUT and not called:
        return "the answer was cut before any call: ask with a greater --max-tokens"
    return ""


class Bounded(AsyncByteStream):
    """A stream of bytes that ends in an error where it is too long."""

    def __init__(self, inner: AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._inner:
            read += len(chunk)
            if read > MAX_BODY:
                raise ValueError(f"the response has more than {MAX_BODY:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        """The connection is closed."""
        await self._inner.aclose()


async def bound(response: Response) -> None:
    """A response is read no further than MAX_BODY."""
    if isinstance(response.stream, AsyncByteStream):
        response.stream = Bounded(response.stream)


class Asker:
    """Asks batch after batch, and writes each answer as it comes."""

    def __init__(self, settings: Mapping[str, Any], out: IO[str]) -> None:
        self._settings = settings
        self._out = out
        self._told: set[str] = set()

    @property
    def _model(self) -> Model:
        """The server as Inspect asks it, with a connection of its own."""
        client = DefaultAsyncHttpxClient(
            event_hooks={"response": [bound]}, trust_env=self._settings["proxies"]
        )
        name = f"openai-api/{SERVICE}/{self._settings['model']}"
        url = self._settings["url"]
        return get_model(name, base_url=url, memoize=False, http_client=client, max_retries=0)

    def tell(self, identity: str, found: Mapping[str, object]) -> None:
        """An answer is written, each once."""
        if identity not in self._told:
            self._told.add(identity)
            self.say({"id": identity, **found})

    def say(self, line: Mapping[str, object]) -> None:
        """A line for whoever started this."""
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()

    def recall(self) -> None:
        """What the logs in the folder answer of this run is written."""
        for log in sorted(Path(self._settings["logs"]).glob("*.eval")):
            with suppress(Exception):  # a log that was not finished, or is none of ours
                self._recall(log)

    def _recall(self, log: Path) -> None:
        header = read_eval_log(str(log), header_only=True)
        if (header.eval.metadata or {}).get("run") != self._settings["run"]:
            return
        for sample in read_eval_log(str(log)).samples or ():
            if not sample.error and sample.output.choices:
                found = answer(sample.output, self._settings["model"])
                if not found["problem"]:
                    self.tell(str(sample.id), found)

    def ask(self, questions: Sequence[Mapping[str, Any]]) -> None:
        """One batch is asked, and every answer of it, or why there is none, is written."""
        settings = self._settings
        task = Task(
            dataset=MemoryDataset([_sample(one) for one in questions]),
            solver=asked(),
            scorer=read_by(self),
            name=settings["name"],
            metadata={"run": settings["run"], **settings["said"]},
        )
        (log,) = evaluate(
            task,
            model=self._model,
            display="none",
            log_dir=settings["logs"],
            log_format="eval",
            log_realtime=False,
            log_model_api=False,
            score_display=False,
            fail_on_error=False,
            max_connections=settings["connections"],
            max_samples=settings["connections"],
            max_retries=0,
            attempt_timeout=settings["timeout"],
            temperature=settings["temperature"],
            max_tokens=settings["max_tokens"],
        )
        for sample in log.samples or ():
            self.tell(str(sample.id), {"problem": _error(sample, settings["timeout"])})
        for one in questions:
            self.tell(one["id"], {"problem": f"not asked: {log.status}"})
        self.say({"done": len(questions)})


SHOWN = 300
REFUSED = re.compile(r"Error code: [0-9]{3}(?: - [^\\\n]{1,200})?")
REASONS = (
    ("the response has more than", "the response has more than {most:,} bytes"),
    ("Timeout", "no answer within {seconds:g} seconds"),
    ("Connection", "the server was not there, or hung up"),
    ("Error code", "the server refused: {line}"),
    ("", "{line}"),
)
"""What is said of an error, by a word in it."""


def _error(sample: EvalSample, seconds: float) -> str:
    """Why a question has no answer, in one line that is the same for the same cause."""
    if sample.error is None:
        return "not answered"
    text = f"{sample.error.message}\n{sample.error.traceback}"
    words = next(words for key, words in REASONS if key in text)
    lines = [line for line in sample.error.message.splitlines() if line.strip()] or [""]
    refused = REFUSED.search(text)
    line = refused[0] if refused else lines[-1].strip()[:SHOWN]
    return words.format(most=MAX_BODY, seconds=seconds, line=line)


def _sample(one: Mapping[str, Any]) -> Sample:
    said: list[ChatMessage] = [MESSAGES[m["role"]](content=m["content"]) for m in one["messages"]]
    context = {place: value for place, value in one["context"].items() if value}
    metadata = {"scenario": one["scenario"], **context, "tools": one["tools"], "seed": one["seed"]}
    return Sample(id=one["id"], input=said, target=one["target"], metadata=metadata)


@solver
def asked() -> Solver:
    """The question is asked once; what a model calls is not run."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        tools = state.metadata["tools"]
        body = {"tools": tools} if tools else None
        return await generate(
            state, tool_calls="none", seed=state.metadata["seed"], extra_body=body
        )

    return solve


@scorer(metrics=[mean()])
def read_by(asker: Asker) -> Scorer:
    """What was called is told; the value is 1 for an answer that can be judged."""

    async def score(state: TaskState, target: Target) -> Score:
        found = answer(state.output, asker._settings["model"])
        asker.tell(str(state.sample_id), found)
        calls = found["calls"]
        shown = ", ".join(f"{name}({arguments})" for name, arguments in _rows(calls)) or "no call"
        return Score(value=int(not found["problem"]), answer=shown, explanation=target.text)

    return score


def _rows(calls: object) -> Iterator[Sequence[str]]:
    yield from calls if isinstance(calls, list) else ()


def serve(lines: Iterable[str], out: IO[str]) -> None:
    """Everything that is asked for on `lines` is answered on `out`."""
    reading = iter(lines)
    asker = Asker(json.loads(next(reading)), out)
    asker.recall()
    asker.say({"ready": True})
    for line in reading:
        asker.ask(json.loads(line))


def main() -> None:
    """Standard output is ours alone: whatever else is said goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, out)


if __name__ == "__main__":
    main()
