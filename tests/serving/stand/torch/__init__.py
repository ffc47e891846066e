"""In the place of torch: what vLLM's registration of loaders names of it."""

from types import SimpleNamespace

nn = SimpleNamespace(Module=object)
