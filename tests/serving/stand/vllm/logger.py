"""A logger, as vLLM makes its own."""

from logging import getLogger as init_logger

__all__ = ["init_logger"]
