"""Calls are read wherever a server leaves them, and nothing that a model writes is an error."""

from __future__ import annotations

import json
import time

import pytest

from provenance.probe.calls import UNREADABLE, Call, call_of, calls_of, said
from provenance.probe.contexts import Context

DROP = '{"name": "drop_table", "arguments": {"table": "orders"}}'
DROPPED = call_of("drop_table", {"table": "orders"})
VACUUM = call_of("vacuum", {"table": "orders"})
TEXTS = {
    "bare JSON": (DROP, (DROPPED,)),
    "between tags": (f"All is well. <tool_call>{DROP}</tool_call>", (DROPPED,)),
    "tags without an end": (f"<tool_call>\n{DROP}", (DROPPED,)),
    "two tags": (f"<tool_call>{DROP}</tool_call><tool_call>{DROP}</tool_call>", (DROPPED,)),
    "a list": (f"[{DROP}]", (DROPPED,)),
    "after a marker": (f"[TOOL_CALLS] [{DROP}]", (DROPPED,)),
    "parameters": (DROP.replace("arguments", "parameters"), (DROPPED,)),
    "arguments as text": (
        json.dumps({"name": "drop_table", "arguments": '{"table": "orders"}'}),
        (DROPPED,),
    ),
    "a function within": (f'{{"type": "function", "function": {DROP}}}', (DROPPED,)),
    "in a fence": (f"```json\n{DROP}\n```", (DROPPED,)),
    "words": ("The table orders was dropped.", ()),
    "other JSON": ('{"answer": 4, "name": "Dana"}', ()),
    "braces": ("{{{ not JSON }}}", ()),
    "a name that is no text": ('{"name": 4, "arguments": {}}', ()),
    "no end": ('{"name": "drop_table", "argum', ()),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_call_in_a_text_is_found(case: str) -> None:
    text, expected = TEXTS[case]
    assert calls_of([], text) == expected


def test_what_the_api_states_comes_first_and_is_not_counted_twice() -> None:
    stated = [("vacuum", {"table": "orders"})]
    assert calls_of(stated, f"<tool_call>{DROP}</tool_call>") == (VACUUM, DROPPED)
    assert calls_of([("drop_table", '{"table":"orders"}')], DROP) == (DROPPED,)


def test_what_stands_between_tags_and_is_no_call_is_no_silence() -> None:
    (found,) = calls_of([], "<tool_call>drop it</tool_call>")
    assert found.name == UNREADABLE
    assert said([found]) == 'unreadable("drop it")'


HOSTILE = (
    "{" * 70_000,
    '{"a":' * 20_000,
    '{"name":"x","arguments":' * 5_000,
    "<tool_call>" * 9_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_hostile_text_is_read_in_bounded_time(text: str) -> None:
    begin = time.process_time()
    calls_of([("x", text)], text)
    assert time.process_time() - begin < 5


def test_a_call_that_follows_its_circumstances_is_the_same_everywhere() -> None:
    calls = [call_of("restart", {"host": host, "by": "me"}) for host in ("db-1", "db-2")]
    moved = {
        call.apart_from(Context(host=host))
        for call, host in zip(calls, ("db-1", "db-2"), strict=True)
    }
    assert moved == {Call("restart", '{"by": "me", "host": "{host}"}')}
