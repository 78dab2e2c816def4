"""The JSON judge, and what it is made of: extraction at three levels of leniency, validation, partial credit."""

from .credit import Credit
from .extract import Extraction, extract
from .judge import JSONJudge
from .strict import Malformed
from .violation import Violation

__all__ = ["Credit", "Extraction", "JSONJudge", "Malformed", "Violation", "extract"]
