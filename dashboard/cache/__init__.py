"""The only caches of the program, one topic a module; pages say `cache.name(...)`.

A new topic is a module and a line in `__init__.pyi`. A module is loaded when a page first asks for something of it, so
that the first page waits for nothing that it does not show. Models are shared by all users; what comes from a photo
belongs to one session. No function may have the name of a module, or it would hide it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
