"""Language models as judges: any server, a local model, or a plain function, asked carefully."""

from .asking import Patience
from .budget import Budget
from .cache import ReplyCache
from .failure import BadResponse, BudgetSpent, QuestionTooLong, RequestFailed
from .judge import LLMJudge
from .label import likeliest, read_label
from .line import Unreadable
from .local_model import LocalModel
from .openai_compatible import OpenAICompatible
from .policy import JudgeFailed
from .reply import Decider, Reply
from .scripted import Scripted
from .template import Template

__all__ = [
    "BadResponse",
    "Budget",
    "BudgetSpent",
    "Decider",
    "JudgeFailed",
    "LLMJudge",
    "LocalModel",
    "OpenAICompatible",
    "Patience",
    "QuestionTooLong",
    "Reply",
    "ReplyCache",
    "RequestFailed",
    "Scripted",
    "Template",
    "Unreadable",
    "likeliest",
    "read_label",
]
