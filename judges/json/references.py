"""What a schema refers to: nothing outside itself may be fetched, and a circle is worth knowing of."""

from __future__ import annotations

from typing import Any

from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_LISTS = ("anyOf", "oneOf", "allOf")
_BRANCHING = ("anyOf", "oneOf", "allOf", "not", "if", "dependentSchemas", "$dynamicRef", "$recursiveRef")


class References:
    """The sub-schemas that can be reached from a schema, and which of them lie on a circle.

    Attributes:
        parts: every sub-schema that is an object, those of referenced meta-schemas included.
        alternatives: how many sub-schemas stand in `anyOf`, `oneOf` and `allOf`, each tried on every value there.
        recursive: whether a sub-schema can be reached from itself.
        branching: whether rules try several sub-schemas on one value; together with `recursive` this makes
            validators take time exponential in the depth of the instance.

    Raises:
        ValueError: a reference leads outside the schema. It is never followed.
    """

    def __init__(self, schema: Any) -> None:
        named = schema.get("$schema", "") if isinstance(schema, dict) else ""
        self._dialect = specification_with(named, default=DRAFT202012)
        root = self._dialect.create_resource(schema)
        base = root.id() or ""
        registry = REGISTRY.with_resource(base, root).crawl()
        self.parts: list[dict[str, Any]] = []
        self._edges: dict[int, list[int]] = {}
        waiting = [(root, registry.resolver_with_root(root))]
        while waiting:
            resource, resolver = waiting.pop()
            part = resource.contents
            if not isinstance(part, dict) or id(part) in self._edges:
                continue
            self.parts.append(part)
            inside = [(sub, resolver.in_subresource(sub)) for sub in resource.subresources()]
            for keyword in REFERENCES:
                if isinstance(part.get(keyword), str):
                    inside.append(self._follow(part[keyword], resolver))
            self._edges[id(part)] = [id(sub.contents) for sub, _ in inside]
            waiting += inside
        self.branching = any(keyword in part for part in self.parts for keyword in _BRANCHING)
        self.alternatives = sum(len(part[keyword]) for part in self.parts for keyword in _LISTS if keyword in part)
        self.recursive = self._has_circle()

    def _follow(self, reference: str, resolver: Any) -> tuple[Resource[Any], Any]:
        try:
            resolved = resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(
                f"the schema refers to {reference!r}, which it does not hold; nothing is fetched from elsewhere: "
                "put that part into its $defs"
            ) from None
        return self._dialect.create_resource(resolved.contents), resolved.resolver

    def _has_circle(self) -> bool:
        done: set[int] = set()
        on_path: set[int] = set()
        for first in self._edges:
            stack = [(first, False)]
            while stack:
                part, leaving = stack.pop()
                if leaving:
                    on_path.discard(part)
                    done.add(part)
                elif part in on_path:
                    return True
                elif part not in done:
                    on_path.add(part)
                    stack.append((part, True))
                    stack += [(sub, False) for sub in self._edges.get(part, ()) if sub not in done]
        return False
