"""One token per character: the playground policy's whole reading and writing.

A character tokenizer keeps the vocabulary at 91 entries, makes a completion's length in tokens its length
in characters, and lets every digit be read on its own, which small models need to add.
"""

import string
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"

ALPHABET = (
    string.digits
    + "+-*="
    + "?.,:;#"
    + " \n"
    + "{}[]\\()<>/"
    + "_\"'!"
    + string.ascii_lowercase
    + string.ascii_uppercase
)


def character_tokenizer() -> PreTrainedTokenizerFast:
    r"""Return the tokenizer: ids 0-2 are pad, bos and eos, then the 88 characters of `ALPHABET` in order.

    No BOS is added, a completion ends with `<eos>`, and padding is on the left, as generation wants it.

    >>> tokenizer = character_tokenizer()
    >>> tokenizer("37+48?").input_ids
    [6, 10, 13, 7, 11, 17]
    >>> tokenizer.decode(tokenizer("\\boxed{85}").input_ids)
    '\\boxed{85}'

    Trap: a character outside the alphabet is dropped without a word; see `check_alphabet`.
    """
    vocabulary = {token: index for index, token in enumerate([PAD, BOS, EOS, *ALPHABET])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def check_alphabet(texts: Iterable[str]) -> None:
    """Raise ValueError naming every character the playground's tokenizer would silently drop."""
    unknown = sorted(set().union(*map(set, texts)) - set(ALPHABET))
    if unknown:
        raise ValueError(
            f"the playground's tokenizer does not know {unknown!r}; "
            f"it reads the {len(ALPHABET)} characters {ALPHABET!r}, so give a real checkpoint for this text"
        )
