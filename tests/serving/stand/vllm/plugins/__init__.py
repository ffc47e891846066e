"""Plugins as vLLM finds them; in its place stands vLLM's own module where a wheel is at hand."""

import logging
from importlib.metadata import entry_points

from vllm import envs


def load_general_plugins() -> None:
    found = []
    for plugin in entry_points(group="vllm.general_plugins"):
        if envs.VLLM_PLUGINS is None or plugin.name in envs.VLLM_PLUGINS:
            try:
                found.append(plugin.load())
            except Exception:
                logging.exception("Failed to load plugin %s", plugin.name)
    for function in found:
        function()
