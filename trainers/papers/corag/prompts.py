"""From a question to a RAG prompt: candidates by BM25, a search over them, and the text around what it chose."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from .search import Chosen, ChunkSearch

PROMPT = "{context}\n\nQuestion: {query}\nAnswer:"


class BM25:
    """The chunks of a corpus that share the rarest words with a query; extra `retrieval`.

    >>> BM25(["red apples", "green pears", "a red house"])("which house is red?", 2)
    ['a red house', 'red apples']

    Raises:
        ImportError: bm25s is not installed; the message names the extra.
    """

    def __init__(self, corpus: Sequence[str]) -> None:
        try:
            self._bm25s: Any = importlib.import_module("bm25s")
        except ModuleNotFoundError as error:
            raise ImportError("BM25 needs bm25s: pip install 'jurybox[retrieval]'") from error
        self.corpus = list(corpus)
        self._index = self._bm25s.BM25()
        self._index.index(self._tokens(self.corpus), show_progress=False)

    def _tokens(self, texts: Sequence[str]) -> Any:
        return self._bm25s.tokenize(list(texts), show_progress=False)

    def __call__(self, query: str, count: int) -> list[str]:
        """The best `count` chunks, the best first."""
        found, _ = self._index.retrieve(self._tokens([query]), k=min(count, len(self.corpus)), show_progress=False)
        return [self.corpus[int(place)] for place in found[0]]


def rag_prompt(query: str, chosen: Chosen, prompt: str = PROMPT) -> str:
    """The prompt with the chosen chunks in their order."""
    return prompt.format(context="\n\n".join(chosen.texts), query=query)


def with_context(
    dataset: Any,
    retrieve: Callable[[str, int], Sequence[str]],
    search: ChunkSearch,
    *,
    query: str = "question",
    candidates: int = 8,
    prompt: str = PROMPT,
) -> Any:
    """A `datasets.Dataset` with RAG prompts for GRPO or SFT: columns `prompt`, `context` and `context_score`.

    retrieve: (query, count) -> chunks, such as `BM25(corpus)`. query: the column of the question.
    A question for which nothing fits the budget has an empty context and the score None.
    """

    def add(row: dict[str, Any]) -> dict[str, Any]:
        chosen = search(row[query], retrieve(row[query], candidates))
        return {
            "prompt": rag_prompt(row[query], chosen, prompt),
            "context": list(chosen.texts),
            "context_score": chosen.found.score,
        }

    return dataset.map(add)
