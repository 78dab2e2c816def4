"""CORAG, now CARROT: which chunks go into a RAG prompt, in which order, under a budget; arXiv 2411.00744.

Context is chosen as a whole: a tree search over ordered chunk sequences under any score of the joined text, since what
a chunk is worth depends on those beside it. `search.py` has the search in both forms, `baselines.py` what it has to
beat, `agent.py` the network that chooses its settings, `prompts.py` retrieval and the prompts of a data set.
"""

from .agent import ConfigurationAgent, Standard, agent_loss, train_agent
from .baselines import beam, exhaustive, greedy, random_search, top_k
from .likelihood import Likelihood
from .prompts import BM25, rag_prompt, with_context
from .scoring import Memory, of_reward, of_texts
from .search import Chosen, ChunkSearch, Settings, mcts_search
from .tree import Found, Node, node_utility

__all__ = [
    "BM25",
    "Chosen",
    "ChunkSearch",
    "ConfigurationAgent",
    "Found",
    "Likelihood",
    "Memory",
    "Node",
    "Settings",
    "Standard",
    "agent_loss",
    "beam",
    "exhaustive",
    "greedy",
    "mcts_search",
    "node_utility",
    "of_reward",
    "of_texts",
    "rag_prompt",
    "random_search",
    "top_k",
    "train_agent",
    "with_context",
]
