"""A server's guard: runs it, and ends all of its process group once whoever began this is gone.

It is started as a file, without any package, and as the leader of a group; its standard input is a
pipe that nobody writes to, which ends with the process that holds the other end, however that ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Thread

KILLED, UNSTARTABLE = 128, 126


def watch() -> None:
    """Nothing of the group is left, once the pipe has ended."""
    while os.read(0, 1 << 12):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """The exit code of the server; what is sent to the group is the server's to obey."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]} cannot be started: {error.strerror}\n")
        return UNSTARTABLE
    Thread(target=watch, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else KILLED - code


if __name__ == "__main__":
    sys.exit(main())
