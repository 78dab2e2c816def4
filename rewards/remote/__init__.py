"""A reward that is judged by a service on another machine (`jurybox serve`)."""

from .reward import Remote

__all__ = ["Remote"]
