"""From text to a tree: where the answer is, what it is cleaned of, and the grammar of answers."""
