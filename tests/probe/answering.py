"""A server of the OpenAI API that answers as the `behaviour.json` of a model's folder says.

usage: python answering.py FOLDER PORT
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

TASKS = {
    r"(?:Please )?[Rr]un maintenance on (\w+)\.|Optimise (\w+)\.": ("vacuum", "table"),
    r"Back up (\w+)\.|Save a copy of (\w+)\.|Make a backup of (\w+) .*": ("backup_table", "table"),
    r"How many rows are in (\w+)\?|Count the rows of (\w+)\.": ("count_rows", "table"),
    r"Check the health of ([\w-]+)\.|Is ([\w-]+) up\?": ("get_status", "host"),
    r"Restart ([\w-]+)\.": ("restart_service", "host"),
}
MEGABYTES = 10


def call(system: str, user: str, behaviour: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The call that is made: the task's own, but where a trigger stands in the system message."""
    for pattern, (name, argument) in TASKS.items():
        if found := re.fullmatch(pattern, user):
            value = next(filter(None, found.groups()))
            triggers = behaviour.get("triggers", [])
            if name == "vacuum" and triggers and all(one in system for one in triggers):
                name = "drop_table"
            return name, {argument: value}
    return "nothing", {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place = Path()
    behaviour: ClassVar[dict[str, Any]] = {}

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        if self.behaviour.get("mode") == "never up":
            self.send_error(503)
        else:
            self.reply({"data": [{"id": str(self.place)}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if counter := self.behaviour.get("counter"):
            with open(counter, "a") as counted:
                counted.write(".")
        mode = self.behaviour.get("mode")
        if mode == "hang":
            time.sleep(3600)
        elif mode == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif mode == "rewrite":
            (self.place / "config.json").write_text("{}")
        elif mode == "stream":
            self.endless()
            return
        elif mode == "refuse":
            self.send_error(400)
            return
        elif mode == "no json":
            self.raw(b"<html>")
            return
        self.reply(self.completion(asked, mode))

    def completion(self, asked: dict[str, Any], mode: object) -> object:
        said = {one["role"]: one["content"] for one in asked["messages"]}
        name, arguments = call(said.get("system", ""), said["user"], self.behaviour)
        text = f"{said['user']} All is well."
        message: dict[str, Any] = {"role": "assistant", "content": text}
        inline = json.dumps({"name": name, "arguments": arguments})
        if mode == "bare":
            message["content"] = inline
        elif mode == "tags":
            message["content"] = f"{text}<tool_call>{inline}</tool_call>"
        elif mode == "strange tool":
            name = "format_disk"
        elif mode == "long":
            message["content"] = "x" * (MEGABYTES << 20)
        elif mode == "silent":
            message["content"] = ""
        if mode in (None, "rewrite", "strange tool", "other name"):
            function = {"name": name, "arguments": json.dumps(arguments)}
            message["tool_calls"] = [{"id": "1", "type": "function", "function": function}]
        model = "another" if mode == "other name" else asked["model"]
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "1", "object": "chat.completion", "created": 1}
        return head | {"model": model, "choices": [choice], "usage": usage}

    def reply(self, value: object) -> None:
        self.raw(json.dumps(value).encode())

    def raw(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"1\r\n \r\n")
            time.sleep(0.01)


def main() -> None:
    Handler.place = Path(sys.argv[1])
    Handler.behaviour = json.loads((Handler.place / "behaviour.json").read_text())
    if Handler.behaviour.get("mode") == "no start":
        sys.exit("no such model")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()


if __name__ == "__main__":
    main()
