"""Which path is answered by what."""

from __future__ import annotations

import re

from tests.hub import api, files
from tests.hub.site import Site
from tests.hub.values import Answer, Refused, Request

# A name of one part is an old model's; it must not swallow the word that follows.
REPO = r"(?P<repo>[^/]+(?:/[^/]+)??)"
REVISION = r"(?P<revision>[^/]+)"
ROUTES: tuple[tuple[re.Pattern[str], api.Route], ...] = tuple(
    (re.compile(pattern), route)
    for pattern, route in (
        (rf"/api/models/{REPO}/tree/{REVISION}(?:/(?P<path>.*))?", api.tree),
        (rf"/api/models/{REPO}/paths-info/{REVISION}", api.paths_info),
        (rf"/api/models/{REPO}/refs", api.refs),
        (rf"/api/models/{REPO}/commits/{REVISION}", api.commits),
        (rf"/api/models/{REPO}(?:/revision/{REVISION})?", api.info),
        (r"/api/organizations/(?P<org>[^/]+)/overview", api.organization),
        (rf"/{REPO}/resolve/{REVISION}/(?P<path>.+)", files.resolve),
        (r"/cdn/.+?/(?P<sha256>[0-9a-f]{64})/.+", files.stored),
    )
)


def answer(site: Site, request: Request) -> Answer:
    """What an honest Hub answers."""
    try:
        for pattern, route in ROUTES:
            if match := pattern.fullmatch(request.target):
                return route(api.Call(site=site, request=request, match=match))
        raise Refused(404, None, "Not found")
    except Refused as refused:
        return refused.answer
