# SPDX-License-Identifier: Apache-2.0
"""A name server for tests: serves block lists from memory, misbehaves on request, keeps a log.

    with Lab(["one.bl.example"]) as lab:
        lab.zone("one.bl.example").put("5.9.0.7", ["127.0.0.2"])
        lab.zone("one.bl.example").behave(delay=0.04)
        ... point a resolver at 127.0.0.1, port lab.port ...
        assert len(lab.queries("one.bl.example", "5.9.0.7")) == 1
"""

from .server import Event, Lab
from .zone import Behaviour, Zone, name_of

__all__ = ["Behaviour", "Event", "Lab", "Zone", "name_of"]
